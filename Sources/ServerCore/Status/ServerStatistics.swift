import Jute

/// What a server counts for `srvr`, `stat` and `mntr`.
struct ServerStatistics {
    var packetsReceived: Int64 = 0
    var packetsSent: Int64 = 0
    var latency = LatencyStatistics()
    var authenticationFailures: Int64 = 0
    /// Syncs of the log that took longer than they should.
    var slowSyncs: Int64 = 0
    /// Connections that have not shown a certificate, from other machines and from this one.
    var nonMutualRemote: Int64 = 0
    var nonMutualLocal: Int64 = 0
    /// Writes that hard limits of quotas refused, by the first name in their path.
    var quotaRefusals: [ByteString: Int64] = [:]
    /// When people were last told of an exceeded quota, monotonic milliseconds.
    var quotaNotedAt: Int64?
    /// Bytes of the proposals of this leader; -1 before the first.
    var proposalSize = SizeStatistics()
    /// Bytes of the replies, without their length.
    var replySize = SizeStatistics()

    @inline(__always)
    mutating func proposed(_ size: Int) { proposalSize.record(size) }

    @inline(__always)
    mutating func answered(_ size: Int) {
        packetsSent += 1
        replySize.record(size)
    }

    /// Counts requests anew, as `srst` wants it.
    ///
    /// What somebody has to look into stays, as in Apache ZooKeeper.
    mutating func reset() {
        var fresh = ServerStatistics()
        fresh.authenticationFailures = authenticationFailures
        fresh.slowSyncs = slowSyncs
        fresh.nonMutualRemote = nonMutualRemote
        fresh.nonMutualLocal = nonMutualLocal
        fresh.quotaNotedAt = quotaNotedAt
        fresh.proposalSize = proposalSize
        self = fresh
    }
}

/// The last, least and greatest of some sizes; -1 before the first.
struct SizeStatistics {
    private(set) var last: Int64 = -1
    private(set) var min: Int64 = -1
    private(set) var max: Int64 = -1

    @inline(__always)
    mutating func record(_ size: Int) {
        last = Int64(size)
        if last < min || min < 0 { min = last }
        if last > max { max = last }
    }
}
