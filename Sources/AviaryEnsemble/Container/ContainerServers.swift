// The servers of an ensemble as environments list them: each image has a form of its own.

internal import Configuration
internal import Jute
internal import Records

/// Reads lists of servers into `server.N` lines.
enum ContainerServers {
    /// A `server.N`, `group.N` or `weight.N` line.
    typealias Line = (key: String, value: String)

    /// `ZOO_SERVERS`: the official image's lines, else Bitnami's list.
    static func lines(
        _ text: String, clientPort: String
    ) throws(ContainerProblems) -> [Line] {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.contains(where: { $0.hasPrefix("server.") }) else {
            return try listed(
                text.split { $0.isWhitespace || $0 == "," || $0 == ";" }, clientPort: clientPort)
        }
        var lines: [Line] = []
        for word in words {
            guard let line = pair(word), Membership.isKey(line.key) else {
                throw ContainerProblems(
                    "\(word) is no server: ZOO_SERVERS is a list of "
                        + "server.ID=HOST:2888:3888;2181, separated by blanks")
            }
            lines.append(line)
        }
        return lines
    }

    /// `host:2888:3888[:observer][::id]`, numbered by their place unless they say otherwise.
    ///
    /// A single one is a server alone, as Bitnami's image has it.
    private static func listed(
        _ words: [Substring], clientPort: String
    ) throws(ContainerProblems) -> [Line] {
        guard words.count > 1 else { return [] }
        var lines: [Line] = []
        for (place, word) in words.enumerated() {
            var address = word[...]
            var id = place + 1
            if let mark = lastDoubleColon(in: word) {
                guard let number = Int(word[mark.upperBound...]) else {
                    throw ContainerProblems(
                        "\(word): what follows '::' is the server's id, a number")
                }
                id = number
                address = word[..<mark.lowerBound]
            }
            lines.append(("server.\(id)", "\(address);\(clientPort)"))
        }
        return lines
    }

    /// Where `::ID` begins; within brackets it is a part of an address.
    private static func lastDoubleColon(in word: Substring) -> Range<Substring.Index>? {
        let start = word.lastIndex(of: "]") ?? word.startIndex
        var index = start
        while index < word.endIndex {
            let next = word.index(after: index)
            if word[index] == ":", next < word.endIndex, word[next] == ":" {
                return index..<word.index(after: next)
            }
            index = next
        }
        return nil
    }

    /// `h1:2888:3888;h2:2888:3888`, numbered by their place.
    static func numbered(_ text: String, _ kind: String = "server") -> [Line] {
        text.split { $0 == ";" || $0 == "," || $0.isWhitespace }.enumerated().map {
            ("\(kind).\($0 + 1)", String($1))
        }
    }

    /// `KEY=VALUE`.
    static func pair(_ word: some StringProtocol) -> Line? {
        guard let place = word.firstIndex(of: "="), place != word.startIndex else { return nil }
        return (String(word[..<place]), String(word[word.index(after: place)...]))
    }

    /// The number behind a prefix, if the whole rest is one.
    static func number(of name: String, after prefix: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        guard !rest.isEmpty, rest.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(rest)
    }
}
