import AviaryClient
import Records

/// `config`: the ensemble's committed config, or what clients need of it.
struct ConfigCommand: ShellCommand {
    let name = "config"
    let usage = "[-c] [-w] [-s]"
    let options: [OptionRule] = [.flag("s"), .flag("w"), .flag("c")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        let session = try shell.connected()
        let response = try await asking { () async throws(ZooKeeperError) in
            try await session.getConfig(watch: arguments.has("w") ? .session : .none)
        }
        let text = String(decoding: response.data ?? [], as: UTF8.self)
        shell.console.result(arguments.has("c") ? Self.clientLine(text) : text)
        if arguments.has("s") { shell.console.result(statText(response.stat)) }
    }

    /// The version, and what follows the `;` of each server, on one line.
    static func clientLine(_ config: String) -> String {
        var version = ""
        var clients: [Substring] = []
        for line in config.split(whereSeparator: \.isNewline) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let value = line[line.index(after: equals)...]
            if line.hasPrefix("version=") {
                version = String(value)
            } else if line.hasPrefix("server."), let semicolon = value.firstIndex(of: ";") {
                clients.append(value[value.index(after: semicolon)...])
            }
        }
        return "\(version) \(clients.joined(separator: ","))"
    }
}
