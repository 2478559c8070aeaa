internal import Jute
internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What can be asked of this machine; nothing is changed but a file of a few kilobytes, which shows
/// how fast a disk is and goes again.
enum MachineProbe {
    /// Looks at a directory, or, of one that is still to be made, at the nearest above it.
    static func inspect(_ path: String, isToBeMade: Bool = false) -> DirectoryFacts {
        var facts = DirectoryFacts(path)
        let fileSystem = POSIXFileSystem()
        facts.exists = (try? fileSystem.exists(path)) ?? false
        var place = path
        while isToBeMade, !facts.exists, let slash = place.lastIndex(of: "/") {
            place = slash == place.startIndex ? "/" : String(place[..<slash])
            facts.exists = (try? fileSystem.exists(place)) ?? false
        }
        guard facts.exists else { return facts }
        facts.isWritable = unsafe access(place, W_OK | X_OK) == 0
        facts.freeBytes = try? fileSystem.freeSpace(at: place)
        if facts.isWritable { facts.syncMilliseconds = timeOfSync(in: place) }
        do throws(StorageError) {
            facts.identity = try IdentityCheck.Place(lookingAt: path, in: fileSystem)
        } catch { facts.isIdentityDamaged = error.code == .damaged }
        return facts
    }

    /// The median of five syncs of a page.
    private static func timeOfSync(in directory: String) -> Double? {
        let fileSystem = POSIXFileSystem()
        let path = directory + "/.aviary-doctor"
        guard let file = try? fileSystem.open(path, .replace) else { return nil }
        defer { try? fileSystem.remove(path) }
        let page = [UInt8](repeating: 0, count: 4096)
        var times: [Double] = []
        for number in 0..<5 {
            let begun = LocalEnsemble.seconds()
            guard (try? file.write(page.rawSpan, at: Int64(number * 4096))) != nil,
                (try? file.sync()) != nil
            else { return nil }
            times.append((LocalEnsemble.seconds() - begun) * 1000)
        }
        return times.sorted()[2]
    }

    /// The ports that somebody listens on.
    static func taken(_ ports: Ports) -> [ServerFacts.TakenPort] {
        [("client", ports.client), ("quorum", ports.quorum), ("election", ports.election)]
            .filter { !isFree($0.1) }.map { ServerFacts.TakenPort(name: $0.0, port: $0.1) }
    }

    private static func isFree(_ port: Int) -> Bool {
        guard
            let socket = PortReservation.take(port, isLoopback: false, orAny: false)
        else { return false }
        socket.close()
        return true
    }

    /// Whether others than its owner may read or write the file.
    static func isOpenToOthers(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & 0o077 != 0
    }

    /// This machine's clock, in seconds.
    static var time: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// How many files a process may open.
    static var openFilesMax: Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let result = unsafe getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return result == 0 ? Int(clamping: limit.rlim_cur) : 1 << 20
    }
}
