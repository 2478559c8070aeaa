import Configuration

/// Lets only so many handshakes through at once: a bucket of tokens that fills as time goes by.
///
/// Whoever comes when it is empty is disconnected, and tries another server or comes again later.
/// So a crowd that comes all at once, as after a failure, does not drown what goes on.
struct HandshakeThrottle {
    private let limits: LimitConfiguration
    private var tokens: Int64
    private var filledAt: Int64

    /// What a client wants with its handshake.
    enum Wish {
        case globalSession
        case localSession
        case renewal
    }

    init(_ limits: LimitConfiguration, now: Int64) {
        self.limits = limits
        self.tokens = limits.handshakeTokensMax
        self.filledAt = now
    }

    /// Whether a handshake may go on; if so it has been counted.
    mutating func admits(_ wish: Wish, now: Int64) -> Bool {
        guard limits.handshakeTokensMax > 0 else { return true }
        let elapsed = max(0, now - filledAt)
        if elapsed > limits.handshakeFillTime {
            // Both fit 31 bits in a sensible setting; a silence of years must not overflow.
            let (added, overflow) = elapsed.multipliedReportingOverflow(
                by: limits.handshakeTokensAdded)
            let refill = overflow ? Int64.max / 2 : added / max(1, limits.handshakeFillTime)
            tokens = min(limits.handshakeTokensMax, tokens + min(refill, Int64.max / 2))
            filledAt = now
        }
        let cost = cost(of: wish)
        guard tokens >= cost else { return false }
        tokens -= cost
        return true
    }

    private func cost(of wish: Wish) -> Int64 {
        guard limits.weighsHandshakes else { return 1 }
        return switch wish {
        case .globalSession: limits.globalSessionWeight
        case .localSession: limits.localSessionWeight
        case .renewal: limits.renewedSessionWeight
        }
    }
}
