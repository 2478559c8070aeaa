import NIOConcurrencyHelpers
import NIOPosix
import Quorum
import Records
import Storage

/// Reads stretches of the log for learners, on the thread that writes snapshots: neither the event
/// loop nor the log's own thread waits for it.
///
/// One piece of each stretch is in memory at most: the next is read when it is asked for.
/// Unchecked: what is not constant is used on the pool's thread alone, or behind a lock.
final class LogReadWorker: @unchecked Sendable {
    /// What became of a request.
    enum Outcome: Sendable {
        case piece([LogEntry], isLast: Bool)
        case refused(LogRange.Refusal)
    }

    /// An open stretch; the box is what a dictionary can hold.
    private final class Reading {
        var range: LogRange?
    }

    private let pool: NIOThreadPool
    private let directories: DataDirectories
    private let fileSystem: any FileSystem
    private let report: @Sendable (LinkID, Outcome) -> Void
    /// Used on the pool's only thread.
    private var readings: [LinkID: Reading] = [:]
    /// The links that still want something: used on both threads.
    private let wanted = NIOLockedValueBox<Set<LinkID>>([])

    /// A worker that reports on its own thread.
    init(
        _ directories: DataDirectories, in fileSystem: any FileSystem, pool: NIOThreadPool,
        report: @escaping @Sendable (LinkID, Outcome) -> Void
    ) {
        self.directories = directories
        self.fileSystem = fileSystem
        self.pool = pool
        self.report = report
    }

    /// Opens a stretch in place of the one that the link may have had, and reads its first piece.
    func begin(_ link: LinkID, after start: Zxid, through end: Zxid, bytesMax: Int64) {
        wanted.withLockedValue { _ = $0.insert(link) }
        pool.submit { [self] _ in
            let reading = Reading()
            do throws(LogRange.Refusal) {
                reading.range = try LogRange(
                    after: start, through: end, bytesMax: bytesMax, in: directories,
                    of: fileSystem, isCancelled: { !isWanted(link) })
            } catch {
                return finish(link, .refused(error))
            }
            readings[link] = reading
            read(link)
        }
    }

    /// Reads the next piece.
    func next(_ link: LinkID) {
        pool.submit { [self] _ in read(link) }
    }

    /// Forgets the stretch.
    func stop(_ link: LinkID) {
        wanted.withLockedValue { _ = $0.remove(link) }
        pool.submit { [self] _ in readings[link] = nil }
    }

    /// Forgets all of them: the process is about to end.
    func stopAll() { wanted.withLockedValue { $0.removeAll() } }

    private func isWanted(_ link: LinkID) -> Bool {
        wanted.withLockedValue { $0.contains(link) }
    }

    private func read(_ link: LinkID) {
        guard let reading = readings[link], isWanted(link) else { return }
        do throws(LogRange.Refusal) {
            let entries = try reading.range?.next(bytesMax: LogRange.pieceSize) ?? []
            let isLast = reading.range?.isComplete ?? true
            if isLast {
                finish(link, .piece(entries, isLast: true))
            } else {
                report(link, .piece(entries, isLast: false))
            }
        } catch {
            finish(link, .refused(error))
        }
    }

    private func finish(_ link: LinkID, _ outcome: Outcome) {
        readings[link] = nil
        wanted.withLockedValue { _ = $0.remove(link) }
        report(link, outcome)
    }
}
