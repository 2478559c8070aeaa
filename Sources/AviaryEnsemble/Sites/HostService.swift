// The other end of RemoteSite: this program on a host, told over ssh what to do with files and
// processes. It knows nothing of ensembles; the launcher does.

internal import Jute
internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Answers a launcher until it hangs up.
public struct HostService {
    private let fileSystem = POSIXFileSystem()

    /// A service that has not begun.
    public init() {}

    /// Reads questions on standard input and answers on standard output.
    public func run() {
        var buffer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            while let question = try? HostMessage.take(from: &buffer) {
                LocalEnsemble.reap()
                guard HostService.send(answer(question).bytes) else { return }
            }
            let count = Platform.read(STDIN_FILENO, &chunk)
            guard count > 0 else { return }
            buffer += chunk[..<count]
        }
    }

    private static func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Does what is asked.
    func answer(_ question: HostMessage) -> HostMessage {
        let words = question.words
        do {
            if let answer = try file(words, question.payload) { return answer }
            if let answer = try server(words) { return answer }
            if let answer = examine(words) { return answer }
            return HostMessage(words: ["no", "failed", "\(words.first ?? "nothing") is not known"])
        } catch let error as StorageError {
            let kind =
                switch error.code {
                case .notFound: "notFound"
                case .permission: "permission"
                case .noSpace: "noSpace"
                default: "failed"
                }
            return HostMessage(words: ["no", kind, error.message])
        } catch {
            return HostMessage(words: ["no", "failed", String(describing: error)])
        }
    }

    private func file(_ words: [String], _ payload: [UInt8]) throws -> HostMessage? {
        guard words.count >= 2 else { return nil }
        let path = words[1]
        let number = words.count > 2 ? Int64(words[2]) : nil
        var answer = HostMessage(words: ["ok"])
        switch (words[0], words.count) {
        case ("list", 2): answer.words += try fileSystem.list(path)
        case ("exists", 2): answer.words.append(try fileSystem.exists(path) ? "1" : "0")
        case ("size", 2): answer.words.append(String(try fileSystem.size(of: path)))
        case ("create", 2): _ = try fileSystem.open(path, .replace)
        case ("createprivately", 2): try fileSystem.createPrivately(path)
        case ("mkdirprivately", 2): try fileSystem.makeDirectoryPrivately(path)
        case ("read", 4):
            guard let number, let count = Int(words[3]) else { return nil }
            answer.payload = try fileSystem.open(path, .read)
                .read(at: number, count: min(count, HostMessage.payloadSizeMax))
        case ("write", 3):
            guard let number else { return nil }
            try fileSystem.open(path, .update).write(payload.rawSpan, at: number)
        case ("truncate", 3):
            guard let number else { return nil }
            try fileSystem.open(path, .update).truncate(to: number)
        case ("sync", 2): try fileSystem.open(path, .read).sync()
        case ("rename", 3): try fileSystem.rename(path, to: words[2])
        case ("remove", 2): try fileSystem.remove(path)
        case ("removetree", 2): try EnsembleFolder.removeTree(path, in: fileSystem)
        case ("mkdir", 2): try fileSystem.makeDirectory(path)
        case ("syncdir", 2): try fileSystem.syncDirectory(path)
        case ("free", 2): answer.words.append(String(try fileSystem.freeSpace(at: path)))
        default: return nil
        }
        return answer
    }

    private func server(_ words: [String]) throws -> HostMessage? {
        switch (words.first ?? "", words.count) {
        case ("hello", 1): return HostMessage(words: ["ok", "aviary-host-1"])
        case ("pid", 2):
            let pid = LocalProcess(path: words[1], id: 0).pid
            return HostMessage(words: ["ok", pid.map { String($0) } ?? "0"])
        case ("usage", 2):
            guard let pid = Int32(words[1]), let usage = ProcessUsage.of(pid) else {
                return HostMessage(words: ["ok"])
            }
            return HostMessage(words: [
                "ok", String(usage.processorSeconds), String(usage.ageSeconds),
                String(usage.residentBytes), usage.isPaused ? "1" : "0",
            ])
        case ("signal", 4):
            guard let id = Int(words[2]), let number = SignalName.number(words[3]) else {
                return nil
            }
            let process = LocalProcess(path: words[1], id: id)
            let unit = SystemdService(path: words[1], id: id)
            let isDone =
                try number == SIGTERM && unit.isInstalled ? unit.stop() : process.signal(number)
            return HostMessage(words: ["ok", isDone ? "1" : "0"])
        case ("start", 4...):
            guard let id = Int(words[2]) else { return nil }
            let unit = SystemdService(path: words[1], id: id)
            if SystemdService.isThere {
                try unit.start(words[3], Array(words.dropFirst(4)))
            } else {
                let process = LocalProcess(path: words[1], id: id)
                try process.start(words[3], [], adding: Array(words.dropFirst(4)))
            }
            return HostMessage(words: ["ok"])
        case ("dismantle", 3):
            guard let id = Int(words[2]) else { return nil }
            SystemdService(path: words[1], id: id).remove()
            return HostMessage(words: ["ok"])
        default: return nil
        }
    }

    /// What a doctor wants to know of this machine.
    private func examine(_ words: [String]) -> HostMessage? {
        switch (words.first ?? "", words.count) {
        case ("clock", 1): return HostMessage(words: ["ok", String(MachineProbe.time)])
        case ("inspect", 2):
            return HostMessage(words: ["ok"] + MachineProbe.inspect(words[1]).words)
        case ("taken", 4):
            let numbers = words.dropFirst().compactMap { UInt16($0) }.map(Int.init)
            guard numbers.count == 3 else { return nil }
            let ports = Ports(client: numbers[0], quorum: numbers[1], election: numbers[2])
            return HostMessage(words: ["ok"] + MachineProbe.taken(ports).map(\.name))
        default: return nil
        }
    }
}
