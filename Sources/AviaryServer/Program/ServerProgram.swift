import Configuration
import NIOCore
import NIOPosix
import Quorum
import Records
import ServerCore
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One server in the foreground, from its zoo.cfg to its end: what every runtime starts.
public enum ServerProgram {
    /// The version of the protocol and formats that `srvr` shows, and ours.
    public static let version = "3.9.5-aviary-0.1, built on 2026-11-21 00:00 UTC"

    /// Runs the server of a zoo.cfg until it is told to stop.
    ///
    /// `isEnvironmentExplained`: whether somebody has said already what of it has no effect.
    ///
    /// - Returns: the exit code: 0 stopped, 2 the configuration is wrong, 3 its directories cannot
    ///   be used, others as Apache ZooKeeper has them.
    public static func run(
        configurationPath: String, log: LogOptions = LogOptions.ofEnvironment(),
        isEnvironmentExplained: Bool = false
    ) -> Int32 {
        ServerProcess.prepare()
        ServerProcess.announce()
        let fileSystem = POSIXFileSystem()
        let files: ServerFiles
        var environment = ServerProcess.serverEnvironment()
        environment.isExplained = isEnvironmentExplained
        switch ServerFiles.read(configurationPath, in: fileSystem, environment: environment) {
        case .success(let read): files = read
        case .failure(let problems):
            for problem in problems.all { complain(String(describing: problem), .error, log) }
            return 2
        }
        for warning in files.warnings { complain(String(describing: warning), .warning, log) }
        let directories = DataDirectories(
            data: files.configuration.dataDirectory, dataLog: files.configuration.logDirectory)
        let lock: DirectoryLock
        let identity: ServerIdentity?
        do throws(StorageError) {
            lock = try directories.prepareAlone(
                in: fileSystem, isCreating: files.configuration.createsDirectories)
            identity = try ServerIdentity(files, directories, fileSystem)
        } catch {
            complain("error: \(error)", .error, log)
            return 3
        }
        return withExtendedLifetime(lock) {
            do throws(TLSProblem) {
                return try RunningServer(files, directories, fileSystem, identity, log).run()
            } catch {
                complain("\(configurationPath): error: \(error)", .error, log)
                return 2
            }
        }
    }

    /// Says why a start has failed, where and as a server says it.
    public static func complain(_ line: String, of name: String, _ log: LogOptions) {
        complain(line, .error, of: name, log)
    }

    /// Before there is a server, complaints go to standard error; programs get them as JSON there.
    private static func complain(
        _ line: String, _ level: LogLevel, of name: String = "start", _ log: LogOptions
    ) {
        let now = Clock.now().wallMilliseconds
        let json = ServerLog(name: name, log).line(level, line, wallMilliseconds: now)
        let text = log.isJSON ? json : line + "\n"
        ServerLog.write(text, to: STDERR_FILENO)
        if log.copy >= 0 { ServerLog.write(text, to: log.copy) }
    }
}
