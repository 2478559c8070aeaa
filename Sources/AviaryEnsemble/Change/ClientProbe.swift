// What clients feel of a change: a session that writes all the while, and what became of its writes.

internal import AviaryClient
internal import Dispatch
internal import Jute
internal import Records
internal import Synchronization

/// What a probe has felt.
public struct ProbeReport: Equatable, Sendable {
    /// Writes that were acknowledged.
    public var writes = 0
    /// Writes of which it is not known, or known to be false, that they were carried out.
    public var failures = 0
    /// Sessions that the ensemble gave up.
    public var sessionsLost = 0
    /// The longest time without an acknowledged write, from the beginning of the change to its end.
    public var longestGap = 0.0
    /// Whether it may not write at all, so that nothing could be felt.
    public var isRefused = false

    /// "probe (our own session): 812 writes acknowledged, none failed, longest time without one 87 ms".
    public var text: String {
        if isRefused, writes == 0 {
            return
                "probe (our own session): it may not create a znode at /, so nothing was measured"
        }
        let lost = sessionsLost == 0 ? "" : ", \(sessionsLost.counted("session")) expired"
        let failed =
            failures == 0
            ? "none failed"
            : "\(failures) failed (no acknowledgement came: a client tries again)"
        return
            "probe (our own session): \(writes.counted("write")) acknowledged, \(failed)\(lost), "
            + "longest time without one \(Int((longestGap * 1000).rounded())) ms"
    }
}

/// What becomes of writes, from the moment when the first is wanted.
struct ProbeTimeline {
    private(set) var report = ProbeReport()
    private var lastSuccess: Double
    private var endedAt: Double?

    /// Begins now: the wait for the first acknowledgement counts, too.
    init(at now: Double) { lastSuccess = now }

    var isOver: Bool { endedAt != nil }

    mutating func succeeded(at now: Double) {
        report.longestGap = max(report.longestGap, now - lastSuccess)
        lastSuccess = now
        report.writes += 1
    }

    mutating func refused() { report.isRefused = true }

    mutating func failed(isSessionLost: Bool) {
        report.failures += 1
        if isSessionLost { report.sessionsLost += 1 }
    }

    /// What is measured ends now; a write that is under way still counts.
    mutating func end(at now: Double) { endedAt = endedAt ?? now }

    /// All of it, with the wait that was not over at the end.
    var result: ProbeReport {
        var report = report
        if let endedAt { report.longestGap = max(report.longestGap, endedAt - lastSuccess) }
        return report
    }
}

/// Writes to a znode of its own, which goes with its session, from its making until its end.
final class ClientProbe: Sendable {
    private static let pauseMilliseconds = 5
    private static let timeout: Int32 = 6000
    private let state = Mutex(ProbeTimeline(at: LocalEnsemble.seconds()))
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    /// Begins to write, with a credential that some access control at the root may ask for.
    init(_ addresses: ConnectString, _ credential: OperatorCredential?) {
        let running = Task.detached { [self] in
            while await write(addresses, credential) {}
        }
        task.withLock { $0 = running }
    }

    /// Ends; what was felt until now.
    func end() async -> ProbeReport {
        state.withLock { $0.end(at: LocalEnsemble.seconds()) }
        let running = task.withLock { $0 }
        await running?.value
        return state.withLock { $0.result }
    }

    /// Writes for the life of a session; whether there is to be another.
    private func write(
        _ addresses: ConnectString, _ credential: OperatorCredential?
    ) async -> Bool {
        let client = ZooKeeperClient(addresses, timeout: ClientProbe.timeout)
        if let credential {
            try? await client.addAuth(
                scheme: "digest", auth: Array(credential.authentication.utf8))
        }
        var node: Create2Response?
        do {
            node = try await client.create(
                "/aviary-probe-", data: [], mode: .ephemeralSequential)
        } catch {
            if error.code == .noAuth { state.withLock { $0.refused() } }
        }
        if node != nil { state.withLock { $0.succeeded(at: LocalEnsemble.seconds()) } }
        while let node, !state.withLock({ $0.isOver }) {
            do {
                try await client.setData(node.path, data: [])
                state.withLock { $0.succeeded(at: LocalEnsemble.seconds()) }
            } catch {
                let isLost = error.code == .sessionExpired || error.code == .noNode
                state.withLock { $0.failed(isSessionLost: isLost) }
                if isLost { break }
            }
            await ClientProbe.pause()
        }
        await client.close()
        if node == nil { await ClientProbe.pause() }
        return !state.withLock { $0.isOver }
    }

    private static func pause() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(
                deadline: .now() + .milliseconds(pauseMilliseconds)
            ) { continuation.resume() }
        }
    }
}
