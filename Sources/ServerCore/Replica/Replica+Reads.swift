import Jute
import Records
import Tree

// Reads are answered from this server's own tree, in place: the path is looked up in the receive
// buffer and the data copied once, into the connection's output.

extension Replica {
    /// Writes the reply to a read, or its error.
    func answerRead(
        _ xid: Xid, _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection,
        since: Int64
    ) {
        // One comparison tells the reads of every day from the rest: their numbers are the lowest.
        if type.rawValue > OpCode.getChildren2.rawValue {
            return answerRareRead(xid, type, &reader, connection, since: since)
        }
        let start = connection.output.beginReply(xid, zxid: lastZxid, .ok)
        do throws(ErrorCode) {
            try writeRead(type, &reader, connection)
        } catch {
            connection.output.truncate(to: start)
            _ = connection.output.beginReply(xid, zxid: lastZxid, error)
        }
        connection.output.endFrame(start)
        answered(type, since: since, zxid: lastZxid, from: start, connection)
    }

    private func writeRead(
        _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        switch type {
        case .getData:
            try readZnode(&reader, connection, watch: .data) { index, output in
                tree.writeData(of: index, to: &output)
                tree.writeStat(of: index, to: &output)
            }
        case .exists: try readExists(&reader, connection)
        case .getChildren:
            try readZnode(&reader, connection, watch: .child, unsent: Stat.size) { index, output in
                tree.writeChildren(of: index, to: &output)
            }
        case .getChildren2:
            try readZnode(&reader, connection, watch: .child) { index, output in
                tree.writeChildren(of: index, to: &output)
                tree.writeStat(of: index, to: &output)
            }
        case .getACL: try readACL(&reader, connection)
        default: break
        }
    }

    func watcher(_ connection: Connection) -> WatcherID {
        WatcherID(connection.id.rawValue)
    }

    /// A read of a path and a watch flag, of a znode that has to be there and to be readable.
    private func readZnode(
        _ reader: inout JuteReader, _ connection: Connection, watch registry: WatchRegistry,
        unsent: Int = 0,
        _ write: (ZnodeIndex, inout JuteWriter) -> Void
    ) throws(ErrorCode) {
        let (path, wantsWatch) = try pathAndWatch(&reader)
        guard let index = tree.find(path) else { throw .noNode }
        try requireRead(index, connection)
        if wantsWatch { watches.add(watcher(connection), Path(Array(copying: path)), in: registry) }
        let start = connection.output.count
        write(index, &connection.output)
        measureRead(path, index, registry, connection.output.count - start + unsent)
    }

    func requireRead(
        _ index: ZnodeIndex, _ connection: Connection
    ) throws(ErrorCode) {
        let acl = tree.acl(of: index)
        guard access.allows(.read, acl: acl, credentials: connection.credentials) else {
            throw .noAuth
        }
    }

    /// The watch is set even if there is no znode, for that is what it waits for.
    private func readExists(
        _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        let (path, wantsWatch) = try pathAndWatch(&reader)
        let index = tree.find(path)
        if index == nil, Path(Array(copying: path)).containsNUL { throw .badArguments }
        if let index { try requireRead(index, connection) }
        if wantsWatch { watches.add(watcher(connection), Path(Array(copying: path)), in: .data) }
        guard let index else { throw .noNode }
        tree.writeStat(of: index, to: &connection.output)
        metrics.recordRead(path, path.byteCount + Stat.size)
    }

    private func readACL(
        _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        guard let span = try? reader.readBufferSpan() else { throw .marshallingError }
        guard let index = tree.find(span) else { throw .noNode }
        let acl = tree.acl(of: index)
        let credentials = connection.credentials
        guard access.allows([.read, .admin], acl: acl, credentials: credentials) else {
            throw .noAuth
        }
        let isAdmin = access.allows(.admin, acl: acl, credentials: credentials)
        ACL.writeList(isAdmin ? acl : access.masked(acl), to: &connection.output)
        tree.writeStat(of: index, to: &connection.output)
    }

    @_lifetime(copy reader)
    private func pathAndWatch(
        _ reader: inout JuteReader
    ) throws(ErrorCode) -> (path: RawSpan, watch: Bool) {
        guard let path = try? reader.readBufferSpan(), let watch = try? reader.readBool() else {
            throw .marshallingError
        }
        return (path, watch)
    }
}
