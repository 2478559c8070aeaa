// Where a server's files and its process are: all that differs between this machine, containers and
// other hosts. Everything else asks the site of a server's folder.

internal import Storage
internal import Synchronization

/// A place that servers run at.
protocol ServerSite: AnyObject, Sendable {
    /// Where the files of its servers are.
    var fileSystem: any FileSystem { get }
    /// Where this machine reaches their clients' ports; nil: at each server's host.
    var clientHost: String? { get }
    /// The folder of the ensemble's servers there, if on this machine it is `folder`.
    func home(_ folder: String) -> String
    /// The process of a server, or nil if it does not run, or if `problem` says why that is unknown.
    func pid(of folder: ServerFolder) -> Int32?
    /// The same, or why that cannot be said: unknown is not stopped.
    func look(_ folder: ServerFolder) throws(EnsembleError) -> Int32?
    /// What the process has used.
    func usage(of folder: ServerFolder, _ pid: Int32) -> ProcessUsage?
    /// Sends a signal, or with 0 only looks whether one may be sent; false if the server does not
    /// run.
    func signal(_ number: CInt, to folder: ServerFolder) throws(EnsembleError) -> Bool
    /// Starts a server; `sockets` are its ports as this machine has reserved them.
    func start(
        _ folder: ServerFolder, _ binary: String,
        _ sockets: [(name: String, socket: PortReservation)]
    ) throws(EnsembleError)
    /// Why the site cannot be reached; nil if it can, or if nobody has tried.
    var problem: String? { get }
    /// What servers are started from must be there before anything is stopped.
    func require(_ binary: String) throws(EnsembleError)
    /// Whether the ports of its servers are ports of this machine that it opens by itself.
    var reservesPorts: PortUse { get }
    /// Takes away what is left of servers that do not run: nothing of it is data.
    func dismantle(_ folders: [ServerFolder])
    /// Looks at a data directory, for the doctor.
    func inspect(_ path: String) -> DirectoryFacts
    /// What a server's name resolves to; nil if it does not, none if this machine need not know it.
    func addresses(of host: String) -> [String]?
    /// The ports of a server that somebody listens on.
    func taken(_ ports: Ports) -> [ServerFacts.TakenPort]
    /// The clock there; nil if it is this machine's.
    var clock: ClockFact? { get }
}

extension ServerSite {
    var problem: String? { nil }
    func look(_ folder: ServerFolder) throws(EnsembleError) -> Int32? {
        if let pid = pid(of: folder) { return pid }
        if let problem { throw EnsembleError(.unreachable, problem) }
        return nil
    }
    var clock: ClockFact? { nil }
    func require(_ binary: String) throws(EnsembleError) {}
    func inspect(_ path: String) -> DirectoryFacts { MachineProbe.inspect(path) }
    func addresses(of host: String) -> [String]? { FourLetterClient.names(of: host) }
    func taken(_ ports: Ports) -> [ServerFacts.TakenPort] { MachineProbe.taken(ports) }
}

/// A file system elsewhere, which removes a folder with all that is in it by itself.
protocol TreeRemover {
    func removeTree(_ path: String) throws(StorageError)
}

/// What the launcher does about ports before a start.
enum PortUse: Sendable {
    /// It binds them and hands them over.
    case handedOver
    /// It looks whether they are free.
    case lookedAt
    /// They are another machine's.
    case elsewhere
}

/// This machine: processes in sessions of their own.
final class LocalSite: ServerSite {
    static let shared = LocalSite()

    let fileSystem: any FileSystem = POSIXFileSystem()
    var clientHost: String? { nil }
    var reservesPorts: PortUse { .handedOver }

    func home(_ folder: String) -> String { folder }
    func pid(of folder: ServerFolder) -> Int32? { LocalProcess(folder).pid }
    func usage(of folder: ServerFolder, _ pid: Int32) -> ProcessUsage? { ProcessUsage.of(pid) }
    func signal(_ number: CInt, to folder: ServerFolder) throws(EnsembleError) -> Bool {
        try LocalProcess(folder).signal(number)
    }
    func start(
        _ folder: ServerFolder, _ binary: String,
        _ sockets: [(name: String, socket: PortReservation)]
    ) throws(EnsembleError) {
        try LocalProcess(folder).start(binary, sockets)
    }
    func dismantle(_ folders: [ServerFolder]) {}
}

/// The sites in use; connections to them last as long as the program.
enum Sites {
    private static let remote = Mutex<[String: RemoteSite]>([:])

    /// The site of a server, by the runtime of its spec.
    static func site(of server: ServerSpec, in spec: EnsembleSpec) -> any ServerSite {
        switch spec.runtime {
        case "docker": return ContainerSite.shared
        case "ssh":
            let settings = spec.ssh ?? SSHSettings()
            let key = "\(server.host) \(settings)"
            return remote.withLock { sites in
                if let known = sites[key] { return known }
                let site = RemoteSite(server.host, settings)
                sites[key] = site
                return site
            }
        default: return LocalSite.shared
        }
    }
}

/// One server's process, wherever it is.
public struct ServerProcess {
    let folder: ServerFolder

    /// The process of a server.
    public init(_ folder: ServerFolder) { self.folder = folder }

    /// Whose process.
    var id: Int { folder.server.id }

    /// The process, or nil if the server does not run, or nobody can say so.
    public var pid: Int32? { folder.site.pid(of: folder) }

    /// Sends a signal, or with 0 only looks whether one may be sent; false if the server does not
    /// run.
    @discardableResult
    public func signal(_ number: CInt) throws(EnsembleError) -> Bool {
        try folder.site.signal(number, to: folder)
    }
}
