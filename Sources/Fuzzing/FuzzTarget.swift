/// Something that reads what outsiders send: it is given any bytes, and must neither trap nor take
/// memory or time beyond their size.
public struct FuzzTarget: Sendable {
    /// What it is called.
    public let name: String
    /// Inputs that make sense, from which others are made.
    public let seeds: [[UInt8]]
    /// Reads an input and says what became of it, in a number that differs where the way through
    /// the decoder does: inputs that found a new way are kept and changed further.
    public let run: @Sendable ([UInt8]) -> Int

    /// Every decoder of something from outside.
    public static let all: [FuzzTarget] = [
        clientFrames, quorumPackets, learnerPackets, observerPackets, electionMessages, peerLogins,
        log, snapshot, zooCfg, yaml, logins,
    ]
}
