import NIOConcurrencyHelpers
import NIOPosix
import Records
import ServerCore
import Storage

/// Entries that became durable together.
struct LogSync: Sendable {
    /// The last of them.
    let zxid: Zxid
    let entryCount: Int
    /// How long it took to write and sync them.
    let milliseconds: Int64
}

/// Appends to the log on a thread of its own: one write and one sync for everything that came
/// while the last sync ran, and one report to the event loop for it.
///
/// The loop only encodes records into a buffer; the thread takes the whole buffer. That is group
/// commit: the more there is to do, the cheaper each record becomes.
///
/// Unchecked: what is not constant is behind the lock, as is said below.
final class LogWorker: @unchecked Sendable {
    // Everything below the lock is touched with it held, except `log`: that belongs to the thread
    // while the state is `busy`, and to the loop while it is `idle`.
    private enum State { case idle, busy }

    private let lock = ConditionLock(value: State.idle)
    private let pool: NIOThreadPool
    private var log: TransactionLog
    private var waiting = LogBatch()
    private var writing = LogBatch()
    private var shouldRoll = false
    /// What the lock's value is after the next unlock; asking the lock itself would take it.
    private var isBusy = false
    private var failure: StorageError?
    /// Goes up with each flush: what was reported before it is old news after it.
    private(set) var generation = 0
    private let report: @Sendable (Int, Result<LogSync, StorageError>) -> Void

    /// A worker over `log`; `report` is called on the worker's thread, with the generation that the
    /// entries belong to.
    init(
        _ log: consuming TransactionLog, pool: NIOThreadPool,
        report: @escaping @Sendable (Int, Result<LogSync, StorageError>) -> Void
    ) {
        self.log = log
        self.pool = pool
        self.report = report
    }

    /// Queues entries.
    func append(_ entries: [LogEntry]) {
        lock.lock()
        for entry in entries { waiting.append(entry) }
        start()
    }

    /// Lets the next entry start a new file.
    func roll() {
        lock.lock()
        shouldRoll = true
        start()
    }

    /// With the lock held: wakes the thread if it sleeps, and gives the lock back.
    private func start() {
        let wasBusy = isBusy
        isBusy = true
        lock.unlock(withValue: .busy)
        guard !wasBusy else { return }
        pool.submit { [self] _ in drain() }
    }

    private func drain() {
        while true {
            lock.lock()
            guard failure == nil, shouldRoll || !waiting.isEmpty else {
                isBusy = false
                return lock.unlock(withValue: .idle)
            }
            swap(&waiting, &writing)
            let generation = generation
            let rolls = shouldRoll
            shouldRoll = false
            lock.unlock(withValue: .busy)
            write(generation, rolls: rolls)
        }
    }

    private func write(_ generation: Int, rolls: Bool) {
        do throws(StorageError) {
            if !writing.isEmpty {
                let last = writing.lastZxid
                let count = writing.recordCount
                let start = Clock.now().monotonicMilliseconds
                try log.commit(&writing)
                let time = Clock.now().monotonicMilliseconds - start
                if let last {
                    report(
                        generation,
                        .success(LogSync(zxid: last, entryCount: count, milliseconds: time)))
                }
            }
            if rolls { try log.roll() }
            try log.prepareAhead()
        } catch {
            lock.lock()
            failure = error
            lock.unlock(withValue: .busy)
            report(generation, .failure(error))
        }
    }

    /// Returns once everything queued is durable.
    func flush() throws(StorageError) {
        lock.lock(whenValue: .idle)
        let failure = failure
        generation += 1
        lock.unlock()
        if let failure { throw failure }
    }

    /// Lets go of the open file, before files are cut or removed underneath.
    ///
    /// Nothing may be queued.
    func reset() throws(StorageError) {
        try flush()
        log.reset()
    }
}
