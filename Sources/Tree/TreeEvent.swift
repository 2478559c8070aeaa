public import Records

/// Something that happened to a znode, of which watchers learn.
public struct TreeEvent: Equatable, Sendable {
    /// What happened; the raw value is the type in a notification.
    public enum Kind: Int32, Sendable {
        case created = 1
        case deleted = 2
        case dataChanged = 3
        case childrenChanged = 4
    }

    /// What happened.
    public var kind: Kind
    /// The znode it happened to.
    public var path: Path
    /// Who may read of it: the znode's ACL at that moment.
    public var acl: [ACL]

    /// An event at `path`, shown to those whom `acl` lets read.
    public init(_ kind: Kind, _ path: Path, acl: [ACL]) {
        self.kind = kind
        self.path = path
        self.acl = acl
    }
}

/// What a transaction came to, for the reply.
public enum TransactionResult: Equatable, Sendable {
    /// A create; the path is the final one.
    case created(Path, Stat)
    /// A setData, setACL or reconfig: the stat after it.
    case changed(Stat)
    case deleted
    case checked
    case sessionCreated(timeout: Int32)
    case sessionClosed
    /// One for each operation. When the leader aborted the multi each is an error: `ok` before the
    /// one that failed, its code, `runtimeInconsistency` after it.
    case multi([TransactionResult])
    /// The write failed when the leader prepared it, or (in a replay) had no effect any more.
    case error(ErrorCode)
}

/// What applying a transaction produced.
public struct Applied: Equatable, Sendable {
    /// What to answer the client.
    public var result: TransactionResult
    /// What to tell watchers, in this order.
    public var events: [TreeEvent]

    init(_ result: TransactionResult, events: [TreeEvent]) {
        self.result = result
        self.events = events
    }
}
