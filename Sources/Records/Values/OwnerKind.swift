/// What the stored `ephemeralOwner` of a znode says about its kind.
///
/// Container and TTL znodes mark themselves in the field where ephemerals keep their session; the
/// marks never leave the server. Read from Apache ZooKeeper's EphemeralType; TTL marks are always
/// understood here, whatever `extendedTypesEnabled` says, so that switching it off deletes nothing.
public enum OwnerKind: Equatable, Sendable {
    case persistent
    case ephemeral(SessionID)
    case container
    /// Lives this many milliseconds after its data changed last, while it has no children.
    case timeToLive(milliseconds: Int64)

    /// The stored value of a container.
    public static let containerMark = Int64.min
    /// The longest time to live, in milliseconds (about 34.8 years).
    public static let timeToLiveMillisecondsMax: Int64 = 0xff_ffff_ffff

    private static let timeToLiveMark = Int64(bitPattern: 0xff00_0000_0000_0000)
    private static let timeToLiveMask = Int64(bitPattern: 0xffff_ff00_0000_0000)

    /// The kind that a stored value means.
    public init(_ stored: Int64) {
        if stored == 0 {
            self = .persistent
        } else if stored == OwnerKind.containerMark {
            self = .container
        } else if stored & OwnerKind.timeToLiveMask == OwnerKind.timeToLiveMark {
            self = .timeToLive(milliseconds: stored & OwnerKind.timeToLiveMillisecondsMax)
        } else {
            self = .ephemeral(SessionID(stored))
        }
    }

    /// The value to store.
    public var stored: Int64 {
        switch self {
        case .persistent: 0
        case .ephemeral(let session): session.rawValue
        case .container: OwnerKind.containerMark
        case .timeToLive(let milliseconds):
            OwnerKind.timeToLiveMark | (milliseconds & OwnerKind.timeToLiveMillisecondsMax)
        }
    }

    /// What clients see: the session of an ephemeral, else 0.
    public var visibleOwner: Int64 {
        if case .ephemeral(let session) = self { session.rawValue } else { 0 }
    }
}
