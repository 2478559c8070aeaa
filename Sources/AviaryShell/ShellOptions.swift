/// What stands before the command on the shell's own command line.
struct ShellOptions: Equatable {
    /// The connect string, if one is named.
    var servers: String?
    /// The ensemble of this machine, if one is named.
    var ensemble: String?
    /// The session timeout asked for, milliseconds.
    var timeout: Int32 = 30_000
    /// Whether a server without a quorum will do.
    var isReadOnlyAllowed = false
    /// Whether to wait as long as the timeout for the first connection.
    var waitsForConnection = false
    /// The command to run, and end; none begins a conversation.
    var command: [String] = []
    /// Whether changes of the session's state are shown, as in a conversation.
    var showsStates = false

    /// Where zkCli connects when it is told nothing.
    static let defaultServers = "localhost:2181"

    static let usage = """
        usage: aviary cli [-server HOST:PORT[,HOST:PORT...][/CHROOT]] [-timeout MILLISECONDS] [-r]
                          [-e ENSEMBLE] [-waitforconnection] [COMMAND [ARGUMENT...]]
        """

    /// Reads the options up to the first word that is none.
    init(_ arguments: [String]) throws(CommandFailure) {
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-") {
            rest.removeFirst()
            switch word {
            case "-server", "--server", "-s":
                servers = try Self.value(of: word, &rest)
            case "-e", "-ensemble", "--ensemble":
                ensemble = try Self.value(of: word, &rest)
            case "-timeout", "--timeout":
                let text = try Self.value(of: word, &rest)
                guard let timeout = Int32(text), timeout > 0 else {
                    throw CommandFailure(
                        "-timeout takes milliseconds, which \(text) is not\n\(Self.usage)",
                        exitCode: 64)
                }
                self.timeout = timeout
            case "-r", "--read-only":
                isReadOnlyAllowed = true
            case "-waitforconnection", "--wait-for-connection":
                waitsForConnection = true
            case "-client-configuration":
                _ = try Self.value(of: word, &rest)
                throw CommandFailure(
                    "-client-configuration is not supported: TLS and SASL are not there yet",
                    exitCode: 64)
            default:
                throw CommandFailure("Unknown option: \(word)\n\(Self.usage)", exitCode: 64)
            }
        }
        command = Array(rest)
    }

    private static func value(
        of option: String, _ rest: inout ArraySlice<String>
    ) throws(CommandFailure) -> String {
        guard let value = rest.popFirst() else {
            throw CommandFailure("\(option) needs a value\n\(usage)", exitCode: 64)
        }
        return value
    }
}
