#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file of the real file system.
final class POSIXFileHandle: FileHandle {
    let path: String
    private let descriptor: Int32

    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = close(descriptor) }

    func size() throws(StorageError) -> Int64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw StorageError(errno: errno, "has no size to be read", path: path)
        }
        return Int64(status.st_size)
    }

    func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        let available = max(0, min(Int64(count), try size() - offset))
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(available)) { buffer, filled in
            while filled < available {
                // In bounds: `filled` is less than the capacity, and the rest is what is asked for.
                let result = retryingInterrupted {
                    unsafe pread(
                        descriptor, buffer.baseAddress.map { unsafe $0 + filled },
                        Int(available) - filled, off_t(offset) + off_t(filled))
                }
                if result <= 0 {
                    failure = result < 0 ? errno : 0
                    return
                }
                filled += result
            }
        }
        if failure != 0 {
            throw StorageError(errno: failure, "cannot be read", path: path, offset: offset)
        }
        return bytes
    }

    func write(_ bytes: RawSpan, at offset: Int64) throws(StorageError) {
        let (failure, written) = unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                // In bounds: what is left behind the part written.
                let result = retryingInterrupted {
                    unsafe pwrite(
                        descriptor, buffer.baseAddress.map { unsafe $0 + written },
                        buffer.count - written, off_t(offset) + off_t(written))
                }
                if result < 0 { return (errno, written) }
                written += result
            }
            return (0, written)
        }
        if failure != 0 {
            throw StorageError(
                errno: failure, "cannot be written", path: path, offset: offset + Int64(written))
        }
    }

    func sync() throws(StorageError) {
        #if canImport(Darwin)
            // Plain fsync leaves the bytes in the drive's own cache there.
            let result = retryingInterrupted { fcntl(descriptor, F_FULLFSYNC) }
        #else
            let result = retryingInterrupted { fdatasync(descriptor) }
        #endif
        guard result == 0 else {
            throw StorageError(errno: errno, "cannot be synced", path: path)
        }
    }

    func truncate(to size: Int64) throws(StorageError) {
        guard retryingInterrupted({ ftruncate(descriptor, off_t(size)) }) == 0 else {
            throw StorageError(errno: errno, "cannot be cut", path: path, offset: size)
        }
    }
}
