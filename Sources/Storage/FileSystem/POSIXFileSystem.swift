#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The real file system.
public final class POSIXFileSystem: FileSystem {
    /// The file system of this machine.
    public init() {}

    /// The names in a directory, sorted.
    public func list(_ directory: String) throws(StorageError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw StorageError(errno: errno, "cannot be listed", path: directory)
        }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        // The entry is valid until the next call, and its name ends with a zero byte.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                let capacity = MemoryLayout.size(ofValue: unsafe pointer.pointee)
                return unsafe pointer.withMemoryRebound(to: CChar.self, capacity: capacity) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether there is a file or directory.
    public func exists(_ path: String) throws(StorageError) -> Bool {
        if unsafe access(path, F_OK) == 0 { return true }
        let code = errno
        if code == ENOENT || code == ENOTDIR { return false }
        throw StorageError(errno: code, "cannot be looked for", path: path)
    }

    /// The size of a file in bytes.
    public func size(of path: String) throws(StorageError) -> Int64 {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw StorageError(errno: errno, "has no size to be read", path: path)
        }
        return Int64(status.st_size)
    }

    /// Opens a file.
    public func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any FileHandle {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = retryingInterrupted { POSIX.open(path, flags | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else {
            throw StorageError(errno: errno, "cannot be opened", path: path)
        }
        return POSIXFileHandle(descriptor, path: path)
    }

    /// Gives a file another name, in place of any that has it.
    public func rename(_ path: String, to newPath: String) throws(StorageError) {
        guard POSIX.rename(path, newPath) == 0 else {
            throw StorageError(errno: errno, "cannot be renamed to \(newPath)", path: path)
        }
    }

    /// Removes a file.
    public func remove(_ path: String) throws(StorageError) {
        guard unsafe unlink(path) == 0 else {
            throw StorageError(errno: errno, "cannot be removed", path: path)
        }
    }

    /// Makes a directory and those above it, durable on return.
    public func makeDirectory(_ path: String) throws(StorageError) {
        if try exists(path) { return }
        let parent = AtomicFile.parent(of: path)
        if parent != path { try makeDirectory(parent) }
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw StorageError(errno: errno, "cannot be made", path: path)
        }
        try syncDirectory(parent)
    }

    /// Makes the names in the directory durable.
    public func syncDirectory(_ path: String) throws(StorageError) {
        let descriptor = retryingInterrupted {
            POSIX.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard descriptor >= 0 else {
            throw StorageError(errno: errno, "cannot be opened", path: path)
        }
        defer { _ = close(descriptor) }
        // Some file systems cannot sync a directory and say so with EINVAL: they need not.
        guard retryingInterrupted({ fsync(descriptor) }) == 0 || errno == EINVAL else {
            throw StorageError(errno: errno, "cannot be synced", path: path)
        }
    }

    /// Bytes that may still be written by an ordinary user.
    public func freeSpace(at path: String) throws(StorageError) -> Int64 {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else {
            throw StorageError(errno: errno, "has no free space to be read", path: path)
        }
        let (bytes, isBeyond) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isBeyond ? Int64.max : Int64(clamping: bytes)
    }
}

/// The calls whose names our own methods have.
enum POSIX {
    static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
        #if canImport(Glibc)
            unsafe Glibc.open(path, flags, mode)
        #elseif canImport(Musl)
            unsafe Musl.open(path, flags, mode)
        #else
            unsafe Darwin.open(path, flags, mode)
        #endif
    }

    static func rename(_ path: String, _ newPath: String) -> Int32 {
        #if canImport(Glibc)
            unsafe Glibc.rename(path, newPath)
        #elseif canImport(Musl)
            unsafe Musl.rename(path, newPath)
        #else
            unsafe Darwin.rename(path, newPath)
        #endif
    }
}

/// Calls again for as long as a signal got in the way.
func retryingInterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

extension StorageError {
    /// The error behind `errno`.
    init(errno code: Int32, _ message: String, path: String, offset: Int64? = nil) {
        let kind: Code =
            switch code {
            case ENOENT, ENOTDIR: .notFound
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .permission
            default: .inputOutput
            }
        let reason = unsafe String(cString: strerror(code))
        self.init(kind, "\(message) (\(reason))", path: path, offset: offset)
    }
}
