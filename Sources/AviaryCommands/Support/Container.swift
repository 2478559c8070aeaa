// What this process finds if it is the first of a container, and how a plan is carried out.

import ArgumentParser
import AviaryEnsemble
import AviaryServer
import AviaryShell
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// This process as the start of a container.
enum Container {
    /// The names of ZooKeeper's scripts; this program acts as each that it is started as.
    static let scripts: Set<String> = ["zkServer.sh", "zkCli.sh", "docker-entrypoint.sh"]

    /// What the container finds, for the words it is started with.
    static func situation(_ arguments: [String]) -> ContainerSituation {
        let fileSystem = POSIXFileSystem()
        return ContainerSituation(
            variables: variables(), arguments: arguments, hostName: hostName(),
            read: { path in
                if path.hasPrefix("/proc/") { return KernelFile.text(path) }
                let bytes = (try? AtomicFile.read(path, in: fileSystem)) ?? nil
                return bytes.map { String(decoding: $0, as: UTF8.self) }
            },
            list: { try? fileSystem.list($0) })
    }

    /// The plan for these words; what is wrong becomes a complaint.
    static func plan(_ situation: ContainerSituation) throws -> ContainerPlan {
        let verbs = AviaryCommand.configuration.subcommands.compactMap {
            $0.configuration.commandName
        }
        do throws(ContainerProblems) {
            return try ContainerPlanner.plan(situation, verbs: Set(verbs))
        } catch {
            throw Complaint(error.messages.joined(separator: "\naviary: "), .inputIsWrong)
        }
    }

    /// Where the container's own server answers.
    static var client: (host: String, port: Int) {
        (try? plan(situation([])))?.client ?? ("localhost", 2181)
    }

    /// The start of a container whose first process is root, prepared; nil if it is another.
    ///
    /// The first thread ends as soon as tasks wait, and a thread that has ended keeps the rights
    /// that it had: the process would still be shown as root's, and reached as such.
    static let preparedAsRoot: Result<ContainerPlan, any Error>? = {
        guard let words, isFirst(variables()), ContainerRights.successor() != nil else {
            return nil
        }
        return Result { try prepare(words) }
    }()

    /// The words behind `aviary entrypoint`, however it was called; nil: this is another verb.
    private static var words: [String]? {
        let words = Array(CommandLine.arguments.dropFirst())
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        if scripts.contains(name) { return [name] + words }
        return words.first == "entrypoint" ? Array(words.dropFirst()) : nil
    }

    /// Whether this is a container's first process, or the one that a small init starts: others are
    /// somebody's own.
    private static func isFirst(_ variables: [String: String]) -> Bool {
        isContainer(variables) && (getpid() == 1 || getppid() <= 1)
    }

    /// Plans a start and makes its directories and files.
    ///
    /// Started as root, it reads all as root, gives the folders to the user of the image, and is
    /// root no more when it returns.
    static func prepare(_ arguments: [String]) throws -> ContainerPlan {
        let found = situation(arguments)
        let plan = try plan(found)
        guard case .serve(let path) = plan.action else { return plan }
        try checkPlace(found.variables)
        var written: ContainerPlan
        if isFirst(found.variables), let user = ContainerRights.successor() {
            // Some network file systems deny root what they allow others.
            let first = try? write(plan, path, found)
            let folders = (first ?? plan).ownFolders
            let count = ContainerRights.give(folders, to: user)
            try ContainerRights.become(user)
            written = try first ?? write(plan, path, found)
            written.notes.insert(
                "started as root: gave \(count) files and folders in "
                    + "\(folders.joined(separator: ", ")) to \(user), and goes on as \(user)", at: 0
            )
        } else {
            written = try write(plan, path, found)
        }
        try ContainerRights.check(written.storage)
        return written
    }

    /// Writes a plan, or the same with its configuration beside the data: a folder for zoo.cfg that
    /// cannot be written is no reason to give up.
    private static func write(
        _ plan: ContainerPlan, _ path: String, _ situation: ContainerSituation
    ) throws -> ContainerPlan {
        do {
            try write(plan)
            return plan
        } catch {
            guard let data = plan.directories.first, !path.hasPrefix(data + "/") else {
                throw error
            }
            var situation = situation
            situation.variables["ZOO_CONF_DIR"] = data
            let other = try self.plan(situation)
            try write(other)
            return other
        }
    }

    /// Whether the process is a container's, by what engines leave there.
    private static func isContainer(_ variables: [String: String]) -> Bool {
        let marks = ["/.dockerenv", "/run/.containerenv"]
        let names = ["KUBERNETES_SERVICE_HOST", "container"]
        return getpid() == 1 || names.contains { variables[$0] != nil }
            || marks.contains { (try? POSIXFileSystem().exists($0)) ?? false }
    }

    /// On a machine of somebody's own it would make directories at the root, and nobody asked.
    private static func checkPlace(_ variables: [String: String]) throws {
        guard !isContainer(variables), variables["ZOO_DATA_DIR"] == nil else { return }
        throw Complaint(
            "this is no container: 'aviary entrypoint' would make /data, /datalog and /conf here. "
                + "'aviary up' starts an ensemble on this machine; ZOO_DATA_DIR says where else the "
                + "data is to be", .misused)
    }

    /// Makes the directories and files of a plan.
    static func write(_ plan: ContainerPlan) throws {
        let fileSystem = POSIXFileSystem()
        do throws(StorageError) {
            for directory in plan.directories { try fileSystem.makeDirectory(directory) }
            for path in plan.obsolete where try fileSystem.exists(path) {
                try fileSystem.remove(path)
            }
            for file in plan.files {
                if try AtomicFile.read(file.path, in: fileSystem) == Array(file.text.utf8) {
                    continue
                }
                try AtomicFile.write(Array(file.text.utf8), to: file.path, in: fileSystem)
            }
        } catch {
            guard error.code == .permission else { throw error }
            let folder = plan.directories.first { (error.path + "/").hasPrefix($0 + "/") }
            // Only an access tells a file system that is read-only from a folder of another's.
            let place = Complaint.nearest(to: error.path)
            let isReadOnly = unsafe access(place, W_OK) != 0 && errno == EROFS
            throw ContainerRights.complaint(
                error.path, isReadOnly ? EROFS : EACCES, in: folder ?? error.path)
        }
    }

    /// Goes on as another program; returns only if that fails.
    static func execute(_ words: [String]) throws -> Never {
        fflush(nil)
        // What this program ignores, another one must not.
        signal(SIGPIPE, SIG_DFL)
        var list = unsafe words.map { unsafe strdup($0) } + [nil]
        unsafe execvp(words[0], &list)
        let code = errno
        Program.note("aviary: \(words[0]): \(unsafe String(cString: strerror(code)))")
        // As shells have it: 127 there is none, 126 it cannot be started.
        throw ExitCode(code == ENOENT ? 127 : 126)
    }

    private static func variables() -> [String: String] {
        var all: [String: String] = [:]
        var next = unsafe environ
        while let variable = unsafe next.pointee {
            let text = unsafe String(cString: variable)
            if let place = text.firstIndex(of: "=") {
                all[String(text[..<place])] = String(text[text.index(after: place)...])
            }
            unsafe next = next.advanced(by: 1)
        }
        return all
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ContainerPlan {
    /// The folders that are the server's own: of its data, its configuration and its log.
    fileprivate var ownFolders: [String] {
        var folders: [String] = []
        for folder in directories + storage + ["/logs"] where !folders.contains(folder) {
            folders.append(folder)
        }
        return folders
    }
}
