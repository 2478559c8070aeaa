public import Quorum
public import Records

/// What a replica asks of its driver, beyond the disk, which it uses through `ReplicaDisk`.
///
/// Effects come as a list and are performed in its order. Whatever a message says is durable was
/// made durable before the effect that sends it was put into the list.
public enum ReplicaEffect: Equatable, Sendable {
    /// Close the connection once its output has been written.
    case closeClient(ConnectionID)
    /// Stop reading from the connection until told otherwise.
    case pauseReading(ConnectionID)
    /// Give back what was not consumed, and read on.
    case resumeReading(ConnectionID)

    /// Connect to a peer's election port, and report the outcome for this link.
    case electionDial(LinkID, Endpoint)
    case electionSend(LinkID, [UInt8])
    case electionClose(LinkID)

    /// Accept learners on the quorum port, or no longer.
    case quorumListen(Bool)
    /// Start or stop listening for observers, who are learners of this follower.
    case observersListen(Bool)
    /// Connect to a leader's quorum port, and report the outcome for this link.
    case quorumDial(LinkID, Endpoint)
    case quorumSend(LinkID, [UInt8])
    case quorumClose(LinkID)

    /// Look at the log on disk after one transaction through another, which is durable, off the
    /// loop, and report its first piece, or that it cannot be had, by `logRead` or
    /// `logReadFailed`. Entries of more than `bytesMax` together are too much.
    case readLog(LinkID, after: Zxid, through: Zxid, bytesMax: Int64)
    /// Report the next piece, but read it only when what was sent on that link has left.
    case readMoreLog(LinkID)
    /// Forget about it; reports that are under way are harmless.
    case stopReadingLog(LinkID)

    /// A configuration that is proposed: keep it beside the committed one.
    case membershipProposed(Membership)
    /// A configuration that is in force: write the dynamic file.
    case membershipCommitted(Membership)

    case log(LogLevel, String)
    /// The server cannot go on: end the process with this code.
    case fatal(code: Int32, reason: String)
}

/// How much a line of the log matters.
public enum LogLevel: Int, Comparable, Sendable {
    case debug
    case info
    case warning
    case error

    /// Orders by the number.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}
