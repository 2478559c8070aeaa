import Jute
public import Records
public import Storage
import Tree

/// Takes a database in, from snapshot and log or from a leader, into the tree and the sessions.
public struct DatabaseLoader {
    let tree: DataTree
    var sessionTimeouts: [SessionID: Int32] = [:]
    /// The last transaction of which there may be something in the tree: a snapshot that is written
    /// while the tree changes holds some of what came after its beginning.
    private(set) var aheadThrough = Zxid.zero

    init(_ tree: DataTree) { self.tree = tree }
}

extension DatabaseLoader: SnapshotSink {
    /// Takes in a session.
    public mutating func receivedSession(
        _ session: SessionID, timeout: Int32
    ) throws(SnapshotError) {
        sessionTimeouts[session] = timeout
    }

    /// Takes in an entry of the ACL table.
    public mutating func receivedACL(_ list: [ACL], index: Int64) throws(SnapshotError) {
        do throws(TreeLoadError) {
            try tree.defineACL(index, list)
        } catch {
            throw .missingACL(.root, index: index)
        }
    }

    /// Takes in a znode.
    public mutating func receivedZnode(
        path: RawSpan, data: RawSpan?, aclIndex: Int64, stat: StatPersisted
    ) throws(SnapshotError) {
        do throws(TreeLoadError) {
            try tree.insertLoaded(path: path, data: data, aclIndex: aclIndex, stat: stat)
        } catch {
            switch error {
            case .missingACL(let path, let index): throw .missingACL(path, index: index)
            case .missingParent(let path), .duplicate(let path): throw .missingParent(path)
            case .invalidACLIndex(let index): throw .missingACL(.root, index: index)
            }
        }
    }

    /// Ends the loading.
    public mutating func receivedEnd() { tree.finishLoading() }
}

extension DatabaseLoader: RecoverySink {
    /// Begins anew: an earlier attempt leaves nothing behind.
    public mutating func reset() {
        tree.reset()
        sessionTimeouts = [:]
        aheadThrough = .zero
    }

    /// The snapshot is whole, up to this zxid.
    public mutating func loadedSnapshot(_ zxid: Zxid, trailer: SnapshotTrailer) {
        // Where there is no snapshot, nobody has ended the loading yet.
        tree.finishLoading()
        tree.lastProcessed = zxid
        aheadThrough = max(trailer.digest?.zxid ?? .zero, trailer.lastZxid ?? .zero)
    }

    /// The body of a snapshot of an empty database.
    public func emptySnapshotBody() -> [UInt8] { tree.snapshotBody(sessions: []) }

    /// Applies a transaction of the log.
    public mutating func replay(_ transaction: Transaction, entry: LogEntry) {
        _ = tree.apply(transaction, gatheringEvents: false)
        switch transaction.body {
        case .createSession(let timeout): sessionTimeouts[transaction.header.session] = timeout
        case .closeSession: sessionTimeouts[transaction.header.session] = nil
        default: break
        }
    }
}

extension DataTree {
    /// The whole tree as the body of a snapshot, behind these sessions.
    func snapshotBody(sessions: [(id: SessionID, timeout: Int32)]) -> [UInt8] {
        var writer = JuteWriter(capacity: 1 << 16)
        let cursor = startSnapshot()
        writer.writeSnapshotSessions(sessions)
        cursor.writeACLTable(to: &writer)
        while case .more = cursor.next(limitBytes: 1 << 20, into: &writer) {}
        writer.writeSnapshotEnd()
        return writer.copyBytes()
    }
}
