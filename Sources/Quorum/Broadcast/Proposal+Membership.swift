import Configuration
import Jute
import Records

// Transactions are opaque to the quorum, with one exception: those that change the quorum.

extension Proposal {
    /// Where the type stands in a transaction's header: behind session, cxid, zxid and time.
    private static let typeOffset = 28

    /// The configuration that this transaction proposes; nil of all that propose none.
    ///
    /// The version is the zxid, whatever the text says.
    var membership: Membership? {
        guard isReconfiguration, let transaction = try? Transaction(decoding: bytes),
            case .reconfig(_, let text, _) = transaction.body, let text,
            var membership = try? Membership(text: text)
        else { return nil }
        membership.version = zxid.rawValue
        return membership
    }

    /// Looks at the type alone: every proposal of a leader is asked.
    private var isReconfiguration: Bool {
        guard bytes.count > Proposal.typeOffset + 4 else { return false }
        let type = bytes[Proposal.typeOffset..<Proposal.typeOffset + 4]
        return type.reduce(into: UInt32(0)) { $0 = $0 << 8 | UInt32($1) }
            == UInt32(bitPattern: OpCode.reconfig.rawValue)
    }
}
