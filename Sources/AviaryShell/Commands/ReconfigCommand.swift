import AviaryClient
import Jute
import Records
import Storage

/// `reconfig`: other members of the ensemble, by who comes and goes or as a whole list.
struct ReconfigCommand: ShellCommand {
    let name = "reconfig"
    let usage =
        "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | "
        + "[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]"
    let options: [OptionRule] = [
        .flag("s", "Print znode stats additionally"),
        .value("v", "The version of the configuration that is to be replaced, hexadecimal"),
        .value("file", "All members, as a dynamic configuration file has them"),
        .value("members", "All members, separated by commas"),
        .value("add", "Members that join, or are replaced, separated by commas"),
        .value("remove", "Ids of members that leave, separated by commas"),
    ]

    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure) {
        let joining = arguments.value("add")?.lowercased()
        let leaving = arguments.value("remove")?.lowercased()
        let members = try members(arguments)
        guard members == nil || (joining == nil && leaving == nil) else {
            throw CommandFailure("Can't use -add or -remove together with -file or -members")
        }
        guard members != nil || joining != nil || leaving != nil else { throw misuse }
        let version = try version(arguments)
        let session = try shell.connected()
        let response = try await asking { () async throws(ZooKeeperError) in
            try await session.reconfigure(
                joining: joining.map { ByteString($0) }, leaving: leaving.map { ByteString($0) },
                members: members.map { ByteString($0) }, version: version)
        }
        let text = String(decoding: response.data ?? [], as: UTF8.self)
        shell.console.result("Committed new configuration:\n\(text)")
        if arguments.has("s") { shell.console.result(statText(response.stat)) }
    }

    private func members(_ arguments: Arguments) throws(CommandFailure) -> String? {
        let listed = arguments.value("members")?.lowercased()
        guard let path = arguments.value("file") else { return listed }
        guard listed == nil else {
            throw CommandFailure("Can't use -file and -members together")
        }
        let content: String
        do throws(StorageError) {
            guard let bytes = try AtomicFile.read(path, in: POSIXFileSystem()) else {
                throw StorageError(.notFound, "there is no such file", path: path)
            }
            content = String(decoding: bytes, as: UTF8.self)
        } catch {
            throw CommandFailure("Error processing \(path): \(error.message)")
        }
        // Comments and the blank lines between are not for the server.
        return content.split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
            .joined(separator: ",")
    }

    private func version(_ arguments: Arguments) throws(CommandFailure) -> Int64 {
        guard let text = arguments.value("v") else { return -1 }
        guard let version = Int64(text, radix: 16) else {
            throw CommandFailure("-v takes a hexadecimal version, which \(text) is not")
        }
        return version
    }
}
