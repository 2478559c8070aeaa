import Jute

/// What a server counts for `srvr`, `stat` and `mntr`.
struct ServerStatistics {
    var packetsReceived: Int64 = 0
    var packetsSent: Int64 = 0
    var latency = LatencyStatistics()
    var connectionsRejected: Int64 = 0
    var authenticationFailures: Int64 = 0
    var digestMismatches: Int64 = 0
    var snapshots: Int64 = 0
    /// Writes that hard limits of quotas refused, by the first name in their path.
    var quotaRefusals: [ByteString: Int64] = [:]
    /// When people were last told of an exceeded quota, monotonic milliseconds.
    var quotaNotedAt: Int64?
    /// Bytes of the proposals of this leader; -1 before the first.
    var proposalSizeLast: Int64 = -1
    var proposalSizeMin: Int64 = -1
    var proposalSizeMax: Int64 = -1

    mutating func proposed(_ size: Int) {
        let size = Int64(size)
        proposalSizeLast = size
        proposalSizeMin = proposalSizeMin < 0 ? size : min(proposalSizeMin, size)
        proposalSizeMax = max(proposalSizeMax, size)
    }

    /// Back to nothing, as `srst` does.
    mutating func reset() {
        self = ServerStatistics()
    }
}
