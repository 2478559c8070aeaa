import Quorum

/// Through which server the leader last saw a session: a write through any other means that the
/// session has moved, and the connection it came over is closed.
enum SessionOwner: Hashable {
    /// A connection of the server itself.
    case local
    /// The learner at the other end of this link.
    case learner(LinkID)
}
