import AviaryClient
import Jute
import Records

/// What a word being typed may become: a command at the line's start, a path after it.
struct Completer: Sendable {
    /// Names offered for one word; a znode may have a million children.
    static let offersMax = 500

    let session: (any ShellSession)?

    /// The words that could stand where the last word of `line` stands, sorted.
    func offers(for line: String) async -> [String] {
        let word = line.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
        let isFirst = !line.contains(" ")
        if isFirst {
            return CommandTable.commands.map(\.name).filter { $0.hasPrefix(word) }.sorted()
        }
        guard word.hasPrefix("/"), let slash = word.lastIndex(of: "/"), let session,
            session.current.state.isConnected
        else { return [] }
        let parent = slash == word.startIndex ? Path.root : Path(word[..<slash])
        guard let response = try? await session.getChildren(parent, watch: .none) else { return [] }
        let beginning = Array(word[word.index(after: slash)...].utf8)
        let names = response.children.filter { $0.bytes.starts(with: beginning) }.sorted()
        return names.prefix(Self.offersMax).map { parent.appending($0).description }
    }

    /// What all offers begin with.
    static func commonBeginning(_ offers: [String]) -> String {
        guard var common = offers.first.map({ Substring($0) }) else { return "" }
        for offer in offers.dropFirst() {
            while !offer.hasPrefix(common) { common = common.dropLast() }
        }
        return String(common)
    }
}
