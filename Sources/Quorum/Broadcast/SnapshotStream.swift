import Jute
import Records

/// Finds the end of a snapshot on a quorum link, byte for byte and without believing any length.
struct SnapshotStream {
    /// The zxid that the snapshot brings the tree to.
    let zxid: Zxid
    private var parser = SnapshotParser()
    private var bytes: [UInt8] = []
    /// How much of `bytes` is the body; the signature follows it.
    private var bodyCount = 0

    init(zxid: Zxid) { self.zxid = zxid }

    /// Why a stream is given up.
    enum Failure: Error {
        case malformed
        case tooLarge
    }

    /// Takes the next bytes; returns what follows the end of the snapshot once it is complete, nil
    /// before.
    mutating func append(_ more: [UInt8], sizeMax: Int) throws(Failure) -> [UInt8]? {
        if !parser.isComplete {
            var ignored = IgnoringSink()
            do {
                bodyCount += try parser.feed(more.rawSpan, into: &ignored)
            } catch {
                throw .malformed
            }
        }
        bytes.append(contentsOf: more)
        guard bytes.count <= sizeMax else { throw .tooLarge }
        let end = bodyCount + 4 + SnapshotItem.signature.count
        guard parser.isComplete, bytes.count >= end else { return nil }
        var expected = JuteWriter(capacity: 16)
        expected.writeBuffer(SnapshotItem.signature)
        guard Array(bytes[bodyCount..<end]) == expected.copyBytes() else { throw .malformed }
        let rest = Array(bytes[end...])
        bytes.removeLast(rest.count)
        return rest
    }

    /// The whole stream, with its signature.
    consuming func takeBytes() -> [UInt8] { bytes }
}

/// What the stream holds is for whoever loads it.
private struct IgnoringSink: SnapshotSink {
    mutating func receivedSession(_ session: SessionID, timeout: Int32) {}
    mutating func receivedACL(_ list: [ACL], index: Int64) {}
    mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) {}
    mutating func receivedEnd() {}
}
