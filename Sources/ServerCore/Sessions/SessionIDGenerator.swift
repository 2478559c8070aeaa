import Records

/// Hands out session ids that no other server of the ensemble hands out.
///
/// The top byte is the server's id, the 40 bits below it the clock when the server started, and
/// the rest counts. The wall clock serves here: unlike a monotonic one it does not start again at a
/// reboot, so ids of an earlier life do not come back unless that clock is set back.
struct SessionIDGenerator {
    private var next: Int64

    /// A generator for the server `id`, started at `milliseconds`.
    init(server id: ServerID, milliseconds: Int64) {
        let clock = (UInt64(truncatingIfNeeded: milliseconds) << 24) >> 8
        self.next = Int64(bitPattern: clock | (UInt64(truncatingIfNeeded: id.rawValue) << 56))
        if next == OwnerKind.containerMark { next &+= 1 }
    }

    /// The next id.
    mutating func make() -> SessionID {
        defer { next &+= 1 }
        return SessionID(next)
    }
}
