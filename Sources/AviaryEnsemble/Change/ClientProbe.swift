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
    /// The longest time without an acknowledged write.
    public var longestGap = 0.0

    /// "812 writes, 0 failed, longest gap 87 ms".
    public var text: String {
        let lost = sessionsLost == 0 ? "" : ", \(sessionsLost) sessions lost"
        return "\(writes) writes, \(failures) failed\(lost), longest gap "
            + "\(Int((longestGap * 1000).rounded())) ms"
    }
}

/// Writes to a znode of its own, which goes with its session, from its making until its end.
final class ClientProbe: Sendable {
    fileprivate struct State {
        var report = ProbeReport()
        var lastSuccess: Double?
        var isOver = false
    }

    private static let pauseMilliseconds = 5
    private static let timeout: Int32 = 6000
    private let state = Mutex(State())
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    /// Begins to write, with a credential that some access control at the root may ask for.
    init(_ addresses: ConnectString, _ credential: OperatorCredential?) {
        let running = Task.detached { [self] in
            while await write(addresses, credential) {}
        }
        task.withLock { $0 = running }
    }

    /// What was felt until now.
    var report: ProbeReport { state.withLock { $0.report } }

    /// Ends; what was felt, with the time since the last acknowledged write.
    func end() async -> ProbeReport {
        state.withLock { $0.isOver = true }
        let running = task.withLock { $0 }
        await running?.value
        return state.withLock { state in
            if let last = state.lastSuccess {
                state.report.longestGap = max(
                    state.report.longestGap, LocalEnsemble.seconds() - last)
            }
            return state.report
        }
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
        let node = try? await client.create(
            "/aviary-probe-", data: [], mode: .ephemeralSequential)
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

extension ClientProbe.State {
    fileprivate mutating func succeeded(at now: Double) {
        if let lastSuccess { report.longestGap = max(report.longestGap, now - lastSuccess) }
        lastSuccess = now
        report.writes += 1
    }

    fileprivate mutating func failed(isSessionLost: Bool) {
        report.failures += 1
        if isSessionLost { report.sessionsLost += 1 }
    }
}
