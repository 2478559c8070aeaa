#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Directories that belong to this process until the lock is let go of or the process ends,
/// however it ends.
///
/// Two servers on one history would each write what the other does not know of. The lock is the
/// system's, on the directory itself, so it leaves no file behind that could be stale.
public final class DirectoryLock: Sendable {
    private let descriptors: [Int32]

    /// Takes the directories of a server, or says which one another process has.
    public init(_ directories: DataDirectories) throws(StorageError) {
        var descriptors: [Int32] = []
        let paths = [directories.snapshots, directories.logs]
        for path in directories.snapshots == directories.logs ? [paths[0]] : paths {
            do throws(StorageError) {
                descriptors.append(try Self.take(path))
            } catch {
                for descriptor in descriptors { _ = close(descriptor) }
                throw error
            }
        }
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { _ = close(descriptor) }
    }

    private static func take(_ path: String) throws(StorageError) -> Int32 {
        let descriptor = retryingInterrupted {
            POSIX.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard descriptor >= 0 else {
            throw StorageError(errno: errno, "cannot be opened", path: path)
        }
        if retryingInterrupted({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0, errno == EWOULDBLOCK
        {
            _ = close(descriptor)
            throw StorageError(
                .refused, "is in use by another server process", path: path,
                advice: "stop that server first, or give this one a dataDir of its own")
        }
        // Any other failure: the file system has no locks, and the server runs without.
        return descriptor
    }
}
