// Servers on another host, by ssh: their files are reached as if they were here, and their
// processes through a service at the other end (HostService).

internal import Dispatch
internal import Storage
internal import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A host that ssh reaches.
final class RemoteSite: ServerSite {
    let host: String
    private let settings: SSHSettings
    private let state = Mutex<State>(State())
    private let files = Mutex<RemoteFileSystem?>(nil)

    private struct State: ~Copyable {
        var connection: HostConnection?
        /// Why there is none.
        var problem: String?
        var triedAt = -100.0
    }

    init(_ host: String, _ settings: SSHSettings) {
        self.host = host
        self.settings = settings
    }

    var fileSystem: any FileSystem {
        files.withLock { files in
            if let known = files { return known }
            let made = RemoteFileSystem(self)
            files = made
            return made
        }
    }
    var clientHost: String? { nil }
    var reservesPorts: PortUse { .elsewhere }
    var problem: String? { state.withLock { $0.problem } }

    func home(_ folder: String) -> String {
        let name = folder.split(separator: "/").last.map(String.init) ?? ""
        return "\(settings.directory)/\(name)"
    }

    /// Connects, if it is not connected; afterwards `problem` says why not.
    func connect() { _ = try? ask(["hello"]) }

    /// Connects to all hosts at once.
    static func connect(_ folders: [ServerFolder]) {
        var sites: [RemoteSite] = []
        for folder in folders {
            guard let site = folder.site as? RemoteSite, !sites.contains(where: { $0 === site })
            else { continue }
            sites.append(site)
        }
        let all = sites
        DispatchQueue.concurrentPerform(iterations: all.count) { all[$0].connect() }
    }

    /// Asks the host; the answer without its first word.
    func ask(_ words: [String], _ payload: [UInt8] = []) throws(StorageError) -> HostMessage {
        let place = words.count > 1 ? words[1] : host
        let result: Result<HostMessage, EnsembleError> = state.withLock { state in
            do throws(EnsembleError) { return .success(try exchange(&state, words, payload)) } catch
            {
                return .failure(error)
            }
        }
        switch result {
        case .failure(let error):
            throw StorageError(.inputOutput, "cannot be reached (\(error))", path: place)
        case .success(var answer):
            guard answer.words.first == "ok" else {
                let code: StorageError.Code =
                    switch answer.words.dropFirst().first {
                    case "notFound": .notFound
                    case "permission": .permission
                    case "noSpace": .noSpace
                    default: .inputOutput
                    }
                throw StorageError(code, answer.words.last ?? "", path: "\(host):\(place)")
            }
            answer.words.removeFirst()
            return answer
        }
    }

    private func exchange(
        _ state: inout sending State, _ words: [String], _ payload: [UInt8]
    ) throws(EnsembleError) -> HostMessage {
        let now = LocalEnsemble.seconds()
        if state.connection == nil {
            // A host that does not answer is not asked again by each of many questions.
            if let problem = state.problem, now - state.triedAt < 5 { throw EnsembleError(problem) }
            state.triedAt = now
            do throws(EnsembleError) {
                let path = settings.binary ?? RemoteSite.ownProgram
                let program = HostProgram(path, directory: settings.directory)
                state.connection = try HostConnection(host, settings, program: program)
                state.problem = nil
            } catch {
                state.problem = error.description
                throw error
            }
        }
        do throws(EnsembleError) {
            let question = HostMessage(words: words, payload: payload)
            guard let answer = try state.connection?.ask(question) else {
                throw EnsembleError("the connection is lost")
            }
            return answer
        } catch {
            state.connection = nil
            state.problem = "\(host): \(error)"
            state.triedAt = LocalEnsemble.seconds()
            throw error
        }
    }

    /// The path of this program.
    private static var ownProgram: String {
        #if canImport(Darwin)
            return CommandLine.arguments[0]
        #else
            return "/proc/self/exe"
        #endif
    }

    func pid(of folder: ServerFolder) -> Int32? {
        guard let answer = try? ask(["pid", folder.path]), let pid = answer.words.first else {
            return nil
        }
        return Int32(pid).flatMap { $0 > 0 ? $0 : nil }
    }

    func usage(of folder: ServerFolder, _ pid: Int32) -> ProcessUsage? {
        guard let words = try? ask(["usage", String(pid)]).words, words.count == 4,
            let seconds = Double(words[0]), let age = Double(words[1]), let bytes = Int(words[2])
        else { return nil }
        return ProcessUsage(
            processorSeconds: seconds, ageSeconds: age, residentBytes: bytes,
            isPaused: words[3] == "1")
    }

    func signal(_ number: CInt, to folder: ServerFolder) throws(EnsembleError) -> Bool {
        let id = String(folder.server.id)
        guard let name = SignalName.of(number) else { return false }
        do throws(StorageError) {
            return try ask(["signal", folder.path, id, name]).words.first == "1"
        } catch {
            // Who is not reached is reported by host.
            if problem != nil { return false }
            throw EnsembleError(error.message)
        }
    }

    func start(
        _ folder: ServerFolder, _ binary: String,
        _ sockets: [(name: String, socket: PortReservation)]
    ) throws(EnsembleError) {
        let server = folder.server
        let path = server.binary ?? settings.binary ?? RemoteSite.ownProgram
        let program = HostProgram(path, directory: settings.directory)
        var variables: [String] = []
        for name in ["AVIARY_LOG_LEVEL", "AVIARY_LOG_FORMAT"] {
            if let value = unsafe getenv(name) {
                variables.append("\(name)=\(unsafe String(cString: value))")
            }
        }
        do {
            if try !fileSystem.exists(program.remotePath) {
                try program.put(on: host, HostConnection.ssh(host, settings))
            }
            _ = try ask(["start", folder.path, String(server.id), program.remotePath] + variables)
        } catch {
            throw EnsembleError("server \(server.id) could not be started: \(error)")
        }
    }

    func dismantle(_ folders: [ServerFolder]) {
        for folder in folders {
            _ = try? ask(["dismantle", folder.path, String(folder.server.id)])
        }
    }
}
