import Jute
import Quorum
import Records

/// The smallest state machine that can be checked: the list of all that was delivered.
struct ToyTree: Equatable {
    private(set) var entries: [Proposal] = []

    var last: Zxid { entries.last?.zxid ?? .zero }

    mutating func apply(_ proposal: Proposal) { entries.append(proposal) }

    /// The tree as the stream that follows SNAP: one znode holds everything.
    var stream: [UInt8] {
        var list = JuteWriter()
        for entry in entries {
            list.writeInt64(entry.zxid.rawValue)
            list.writeBuffer(entry.bytes)
        }
        let body = SnapshotItem.encodeBody([
            .znode(Path([]), data: list.copyBytes(), aclIndex: -1, StatPersisted()),
            .end,
        ])
        var signature = JuteWriter()
        signature.writeBuffer(SnapshotItem.signature)
        return body + signature.copyBytes()
    }

    init() {}

    /// The tree in a stream, nil if it holds none.
    init?(stream: [UInt8]) {
        var parser = SnapshotParser()
        var items = SnapshotItems()
        guard (try? parser.feed(stream.rawSpan, into: &items)) != nil, parser.isComplete,
            case .znode(_, let data?, _, _)? = items.items.first
        else { return nil }
        var reader = JuteReader(data.rawSpan)
        while reader.remaining > 0 {
            guard let zxid = try? reader.readInt64(), let bytes = try? reader.readBuffer() else {
                return nil
            }
            entries.append(Proposal(zxid: Zxid(zxid), bytes: bytes))
        }
    }
}
