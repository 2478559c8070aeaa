internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One change at a time: the lock ends with the process that holds it, however that ends.
struct ChangeLock: ~Copyable {
    private let descriptor: CInt

    init(_ folder: EnsembleFolder) throws(EnsembleError) {
        let path = folder.path + "/change.lock"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o644))
        guard descriptor >= 0 else {
            throw EnsembleError("\(path): \(Platform.text(of: errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = ChangeLock.owner(descriptor).map { "process \($0)" } ?? "somebody else"
            _ = Platform.close(descriptor)
            throw EnsembleError(
                "\(owner) is changing \(folder.name) at this moment. Wait until that is done, "
                    + "or end it: it can be interrupted anywhere")
        }
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe pwrite(descriptor, text, text.count, 0)
    }

    /// Who has written its number into the file.
    private static func owner(_ descriptor: CInt) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        let digits = buffer[..<max(0, count)].prefix { $0 >= 48 && $0 <= 57 }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    deinit { _ = Platform.close(descriptor) }

    /// Whether a change is under way.
    static func isHeld(_ folder: EnsembleFolder) -> Bool {
        let descriptor = unsafe open(folder.path + "/change.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = Platform.close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
