import NIOConcurrencyHelpers

/// Hands each event of a session to all who listen at that moment.
final class EventHub: Sendable {
    /// Events a slow listener may be behind; beyond, it loses the oldest.
    static let backlogMax = 1_024

    private struct State {
        var last: UInt64 = 0
        var listeners: [UInt64: AsyncStream<ClientEvent>.Continuation] = [:]
        var hasEnded = false
    }

    private let state = NIOLockedValueBox(State())

    func subscribe() -> AsyncStream<ClientEvent> { subscription().stream }

    /// A listener's stream, and the means to end it alone.
    func subscription() -> (
        stream: AsyncStream<ClientEvent>, continuation: AsyncStream<ClientEvent>.Continuation
    ) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ClientEvent.self, bufferingPolicy: .bufferingNewest(Self.backlogMax))
        let id = state.withLockedValue { state -> UInt64? in
            guard !state.hasEnded else { return nil }
            state.last += 1
            state.listeners[state.last] = continuation
            return state.last
        }
        guard let id else {
            continuation.finish()
            return (stream, continuation)
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLockedValue { _ = $0.listeners.removeValue(forKey: id) }
        }
        return (stream, continuation)
    }

    func publish(_ event: ClientEvent) {
        var isFinal = false
        if case .state(let new) = event { isFinal = new.isFinal }
        let listeners = state.withLockedValue { state in
            if isFinal { state.hasEnded = true }
            return state.listeners
        }
        for id in listeners.keys.sorted() {
            listeners[id]?.yield(event)
            if isFinal { listeners[id]?.finish() }
        }
    }
}
