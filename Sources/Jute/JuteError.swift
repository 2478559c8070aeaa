/// Why bytes could not be read as a Jute value.
///
/// Always the sender's fault, never ours: a decoder throws it, nothing traps.
public enum JuteError: Error, Equatable, Sendable {
    /// The value needs more bytes than there are.
    case truncated
    /// A length prefix is negative (other than -1 for null) or beyond the limit.
    case unreasonableLength(Int)
    /// The bytes are well formed, but hold a value the record does not allow.
    case invalidValue
}
