import NIOConcurrencyHelpers
import NIOPosix
import Records
import Storage

/// Writes snapshots in the background, piece by piece, on a thread that does nothing else but
/// purge old ones.
///
/// Unchecked: what is not constant is used on the pool's only thread; the pool itself may be used
/// on any.
final class SnapshotWorker: @unchecked Sendable {
    private let pool: NIOThreadPool
    private let directories: DataDirectories
    private let fileSystem: any FileSystem
    private let compression: SnapshotCompression?
    private var writer: SnapshotFileWriter?
    private let written: @Sendable (StorageError?) -> Void

    /// A worker that calls `written` after each piece, on its own thread.
    init(
        _ directories: DataDirectories, in fileSystem: any FileSystem,
        compression: SnapshotCompression?, pool: NIOThreadPool,
        written: @escaping @Sendable (StorageError?) -> Void
    ) {
        self.directories = directories
        self.fileSystem = fileSystem
        self.compression = compression
        self.pool = pool
        self.written = written
    }

    private func run(_ step: @escaping @Sendable () throws(StorageError) -> Void) {
        pool.submit { [self] _ in
            do throws(StorageError) {
                try step()
                written(nil)
            } catch {
                discard()
                written(error)
            }
        }
    }

    func begin(_ zxid: Zxid, _ header: [UInt8]) {
        pool.submit { [self] _ in
            discard()
            do throws(StorageError) {
                var fresh = try SnapshotFileWriter(
                    zxid, in: directories.snapshots, of: fileSystem, compression: compression)
                try fresh.append(header)
                writer = consume fresh
            } catch {
                written(error)
            }
        }
    }

    func append(_ chunk: [UInt8]) {
        run { () throws(StorageError) in try self.writer?.append(chunk) }
    }

    func finish(_ trailer: SnapshotTrailer) {
        run { () throws(StorageError) in
            guard let whole = self.writer.take() else { return }
            _ = try whole.finish(trailer)
        }
    }

    func abandon() {
        pool.submit { [self] _ in discard() }
    }

    /// Returns once everything queued is done.
    ///
    /// Before somebody else reads, cuts or removes files: a snapshot that gets its name, or a purge
    /// that runs, in the middle of that would bring back what is taken away or the reverse.
    func settle() {
        let isDone = ConditionLock(value: false)
        pool.submit { _ in
            isDone.lock()
            isDone.unlock(withValue: true)
        }
        isDone.lock(whenValue: true)
        isDone.unlock()
    }

    private func discard() {
        if let unfinished = writer.take() { unfinished.abandon() }
    }

    /// Removes old snapshots and logs; says what went wrong, if something did.
    func purge(keeping count: Int, done: @escaping @Sendable (Result<Int, StorageError>) -> Void) {
        pool.submit { [self] _ in
            do throws(StorageError) {
                done(.success(try Purge.run(directories, keeping: count, in: fileSystem).count))
            } catch {
                done(.failure(error))
            }
        }
    }
}
