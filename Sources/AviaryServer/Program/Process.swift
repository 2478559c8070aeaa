import Configuration
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a server asks of its process: limits, memory, and facts for `envi`.
enum ServerProcess {
    /// A client that is gone must not end the server, and many clients need many descriptors.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        // The first process of a container inherits what others leave behind: they just end.
        if getpid() == 1 { signal(SIGCHLD, SIG_IGN) }
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard unsafe getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(resource, &limit)
    }

    /// Writes this process's number where the launcher wants it (`AVIARY_PID_FD`): it would write
    /// it itself, but may be killed between the start and that.
    static func announce() {
        takeFile()
        guard let text = unsafe getenv("AVIARY_PID_FD"),
            let descriptor = CInt(unsafe String(cString: text))
        else { return }
        _ = unsafe unsetenv("AVIARY_PID_FD")
        let number = Array("\(getpid())\n".utf8)
        _ = unsafe pwrite(descriptor, number, number.count, 0)
    }

    /// What the environment says to a server.
    static func serverEnvironment() -> ServerEnvironment {
        ServerEnvironment { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    /// Locks the file that `AVIARY_PID_FILE` names, for as long as this process lives, and writes
    /// its number into it: so its launcher finds it where something else has started it.
    private static func takeFile() {
        guard let path = unsafe getenv("AVIARY_PID_FILE") else { return }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o644))
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        ftruncate(descriptor, 0)
        let number = Array("\(getpid())\n".utf8)
        _ = unsafe pwrite(descriptor, number, number.count, 0)
    }

    /// How many descriptors are open, and how many may be.
    static func figures() -> [(key: String, value: String)] {
        var limit = rlimit()
        #if canImport(Glibc)
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let list = "/proc/self/fd"
        #else
            unsafe getrlimit(RLIMIT_NOFILE, &limit)
            let list = "/dev/fd"
        #endif
        let open = (try? POSIXFileSystem().list(list).count) ?? 0
        return [
            ("open_file_descriptor_count", String(open)),
            ("max_file_descriptor_count", String(limit.rlim_cur)),
        ]
    }

    /// When a file was last changed, in seconds after 1970.
    static func secondsOfChange(_ path: String) -> Int64? {
        nanosecondsOfChange(path).map { $0 / 1_000_000_000 }
    }

    /// When a file was last changed, in nanoseconds after 1970.
    static func nanosecondsOfChange(_ path: String) -> Int64? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        #if canImport(Darwin)
            let time = facts.st_mtimespec
        #else
            let time = facts.st_mtim
        #endif
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Who runs this process.
    static var user: String {
        for name in ["USER", "LOGNAME"] where variable(name) != "<NA>" { return variable(name) }
        return getuid() == 0 ? "root" : String(getuid())
    }

    /// The lines of `envi`, with what only a JVM knows left unavailable.
    static func environment() -> [(key: String, value: String)] {
        var names = utsname()
        unsafe uname(&names)
        // As Java calls it.
        let machine = field(names.machine)
        let architecture = machine == "x86_64" ? "amd64" : machine
        let system = field(names.sysname), release = field(names.release)
        return [
            ("host.name", field(names.nodename)),
            ("java.version", "<NA>"), ("java.vendor", "<NA>"), ("java.home", "<NA>"),
            ("java.class.path", "<NA>"), ("java.library.path", "<NA>"),
            ("java.io.tmpdir", "<NA>"), ("java.compiler", "<NA>"),
            ("os.name", system), ("os.arch", architecture), ("os.version", release),
            ("user.name", user), ("user.home", variable("HOME")),
            ("user.dir", AbsolutePath.directory),
        ] + memory()
    }

    private static var pageSize: Int64 { Int64(sysconf(Int32(_SC_PAGESIZE))) }

    /// The machine's memory, bytes.
    static var memorySize: Int64 { Int64(sysconf(Int32(_SC_PHYS_PAGES))) &* pageSize }

    /// In Apache ZooKeeper the JVM's memory; here the machine's.
    private static func memory() -> [(key: String, value: String)] {
        let all = memorySize >> 20
        #if canImport(Darwin)
            let free = all
        #else
            let free = (Int64(sysconf(Int32(_SC_AVPHYS_PAGES))) &* pageSize) >> 20
        #endif
        return [
            ("os.memory.free", "\(free)MB"), ("os.memory.max", "\(all)MB"),
            ("os.memory.total", "\(all)MB"),
        ]
    }

    private static func field<Tuple>(_ tuple: Tuple) -> String {
        // An array of characters that ends in a zero.
        let bytes = unsafe withUnsafeBytes(of: tuple) { unsafe Array($0) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func variable(_ name: String) -> String {
        guard let value = unsafe getenv(name) else { return "<NA>" }
        return unsafe String(cString: value)
    }
}
