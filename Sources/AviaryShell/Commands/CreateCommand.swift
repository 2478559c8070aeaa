import AviaryClient
import Records

/// `create`: a new znode of any kind.
struct CreateCommand: ShellCommand {
    /// The longest time to live, milliseconds: 40 bits of the znode's owner hold it.
    static let timeToLiveMax: Int64 = 0xff_ffff_ffff

    let name = "create"
    let usage = "[-s] [-e] [-c] [-t ttl] path [data] [acl]"
    let options: [OptionRule] = [.flag("e"), .flag("s"), .flag("c"), .value("t")]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        guard let word = arguments.words.first else { throw misuse }
        let mode = try mode(arguments)
        let path = try Path(typed: word, isSequential: arguments.has("s"))
        let data = arguments.words.count > 1 ? Array(arguments.words[1].utf8) : nil
        var acl = ACL.open
        if arguments.words.count > 2 {
            let typed = TypedACL(arguments.words[2])
            typed.complaints.forEach(shell.console.message)
            guard !typed.entries.isEmpty else {
                throw invalidACL(ZooKeeperError(.invalidACL), shell)
            }
            acl = typed.entries
        }
        let entries = acl
        let session = try shell.connected()
        do throws(ZooKeeperError) {
            let response = try await session.create(path, data: data, acl: entries, mode: mode)
            shell.console.message("Created \(response.path)")
        } catch {
            if error.code == .invalidACL { throw invalidACL(error, shell) }
            if error.code == .ephemeralOnLocalSession || error.code == .unimplemented {
                throw CommandFailure(CommandFailure.code(error))
            }
            throw CommandFailure(error)
        }
    }

    /// zkCli says this in two ways at once, and scripts look for either.
    private func invalidACL(_ error: ZooKeeperError, _ shell: ShellState) -> CommandFailure {
        shell.console.message(CommandFailure.code(error))
        return CommandFailure(error)
    }

    private func mode(_ arguments: Arguments) throws(CommandFailure) -> CreateMode {
        let (isEphemeral, isSequential) = (arguments.has("e"), arguments.has("s"))
        if arguments.has("c"), isEphemeral || isSequential {
            throw CommandFailure(
                "-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential."
            )
        }
        guard let text = arguments.value("t") else {
            if arguments.has("c") { return .container }
            if isEphemeral { return isSequential ? .ephemeralSequential : .ephemeral }
            return isSequential ? .persistentSequential : .persistent
        }
        guard let time = Int64(text) else {
            throw CommandFailure("-t argument must be a long value")
        }
        if isEphemeral { throw CommandFailure("TTLs cannot be used with Ephemeral znodes") }
        if arguments.has("c") { throw CommandFailure("TTLs cannot be used with Container znodes") }
        guard time > 0, time <= Self.timeToLiveMax else {
            throw CommandFailure(
                "ttl must be positive and cannot be larger than: \(Self.timeToLiveMax)")
        }
        return isSequential ? .timeToLiveSequential(time) : .timeToLive(time)
    }
}
