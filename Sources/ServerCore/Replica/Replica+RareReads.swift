import Jute
import Records
import Tree

// The reads that clients seldom send: surveys of many znodes, of the session, and of watches. They
// are kept apart so that the reads of every day stay short.

extension Replica {
    /// Writes the reply to such a read, or its error.
    func answerRareRead(
        _ xid: Xid, _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection,
        since: Int64
    ) {
        // Events of a setWatches go out before its reply, so its frame is not opened before.
        if type == .setWatches || type == .setWatches2 {
            let code = receivedSetWatches(
                &reader, connection, hasPersistent: type == .setWatches2)
            let start = connection.output.count
            connection.output.writeReply(xid, zxid: lastZxid, code)
            return answered(type, since: since, zxid: lastZxid, from: start, connection)
        }
        if type == .multiRead { return answerMultiRead(xid, &reader, connection, since: since) }
        let start = connection.output.beginReply(xid, zxid: lastZxid, .ok)
        do throws(ErrorCode) {
            try writeRareRead(type, &reader, connection)
        } catch {
            connection.output.truncate(to: start)
            _ = connection.output.beginReply(xid, zxid: lastZxid, error)
        }
        connection.output.endFrame(start)
        answered(type, since: since, zxid: lastZxid, from: start, connection)
    }

    private func writeRareRead(
        _ type: OpCode, _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        switch type {
        case .addWatch: try addWatch(&reader, connection)
        case .checkWatches: try selectWatches(&reader, connection, removing: false)
        case .removeWatches: try selectWatches(&reader, connection, removing: true)
        case .getEphemerals: try readEphemerals(&reader, connection)
        case .getAllChildrenNumber: try readDescendantCount(&reader, connection)
        case .whoAmI: writeCredentials(connection)
        default: throw .unimplemented
        }
    }

    /// The session's ephemerals whose path starts with a text, which need not be a path.
    private func readEphemerals(
        _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        let prefix: [UInt8]
        do throws(JuteError) {
            prefix = try reader.readBuffer() ?? []
        } catch {
            throw .marshallingError
        }
        let own = tree.ephemerals(of: connection.session)
        // Java trims when it asks whether that is everything, and not when it compares.
        let isSpace = { (byte: UInt8) in byte <= UInt8(ascii: " ") }
        let trimmed = prefix.drop(while: isSpace)
        let isRoot = trimmed.first == UInt8(ascii: "/")
        let isEverything = trimmed.dropFirst(isRoot ? 1 : 0).allSatisfy(isSpace)
        connection.output.writePaths(
            isEverything ? own : own.filter { $0.bytes.starts(with: prefix) })
    }

    private func readDescendantCount(
        _ reader: inout JuteReader, _ connection: Connection
    ) throws(ErrorCode) {
        guard let path = try? reader.readBufferSpan() else { throw .marshallingError }
        guard let index = tree.find(path) else { throw .noNode }
        try requireRead(index, connection)
        // By its empty name the root counts as a descendant of itself.
        let count = tree.descendantCount(of: index) + (path.byteCount == 0 ? 1 : 0)
        connection.output.writeInt32(Int32(truncatingIfNeeded: count))
    }

    private func writeCredentials(_ connection: Connection) {
        let shown = connection.credentials.map { access.shown($0) }
        WhoAmIResponse(credentials: shown).write(to: &connection.output)
    }

    // MARK: multiRead

    /// Several reads in one, each answered for itself; none leaves a watch.
    ///
    /// An operation that cannot be answered at all fails the whole, and what was read before it
    /// goes out with the error, as in Apache ZooKeeper. Where the answer becomes too large, the error
    /// goes out alone.
    private func answerMultiRead(
        _ xid: Xid, _ reader: inout JuteReader, _ connection: Connection, since: Int64
    ) {
        let start = connection.output.beginReply(xid, zxid: lastZxid, .marshallingError)
        if let kind = MultiReadKind(of: reader) {
            var code = ErrorCode.marshallingError
            if kind == .reads { code = writeMultiRead(&reader, connection, from: start) }
            if code == .badArguments { connection.output.truncate(to: start + 20) }
            connection.output.replaceInt32(at: start + 16, with: code.rawValue)
            MultiHeader.end.write(to: &connection.output)
        }
        connection.output.endFrame(start)
        answered(.multiRead, since: since, zxid: lastZxid, from: start, connection)
    }

    /// The most bytes of an answer to a multiRead: sixteen times what a client with the same
    /// `jute.maxbuffer` takes, as clients may have been given more, and never so much that others
    /// wait for it.
    private var multiReadSizeMax: Int { min(16 * settings.requestSizeMax, 64 << 20) }

    /// `marshallingError` if a path is null, `badArguments` if the answer becomes too large.
    private func writeMultiRead(
        _ reader: inout JuteReader, _ connection: Connection, from start: Int
    ) -> ErrorCode {
        while let header = try? MultiHeader(from: &reader), !header.isDone {
            guard let path = try? reader.readBufferSpan(), (try? reader.readBool()) != nil else {
                return .marshallingError
            }
            guard connection.output.count - start <= multiReadSizeMax else { return .badArguments }
            do throws(ErrorCode) {
                guard let index = tree.find(path) else { throw .noNode }
                try requireRead(index, connection)
                MultiHeader(type: header.type, error: .ok).write(to: &connection.output)
                if header.type == .getData {
                    tree.writeData(of: index, to: &connection.output)
                    tree.writeStat(of: index, to: &connection.output)
                } else {
                    tree.writeChildren(of: index, to: &connection.output)
                }
            } catch {
                MultiHeader(type: .error, error: error).write(to: &connection.output)
                connection.output.writeInt32(error.rawValue)
            }
        }
        return connection.output.count - start <= multiReadSizeMax ? .ok : .badArguments
    }
}

/// What the operations of a multiRead are, which is all or nothing: reads or writes.
private enum MultiReadKind {
    case reads
    case writes

    /// Nil if the list cannot be read, or is mixed; an empty one is of reads.
    init?(of reader: borrowing JuteReader) {
        var ahead = copy reader
        var kind: MultiReadKind?
        do throws(JuteError) {
            while true {
                let header = try MultiHeader(from: &ahead)
                if header.isDone { break }
                let isRead = header.type == .getData || header.type == .getChildren
                if isRead {
                    _ = try ahead.readBufferSpan()
                    _ = try ahead.readBool()
                } else {
                    _ = try WriteRequest.readOperation(header.type, from: &ahead)
                }
                guard kind == nil || kind == (isRead ? .reads : .writes) else { return nil }
                kind = isRead ? .reads : .writes
            }
        } catch {
            return nil
        }
        self = kind ?? .reads
    }
}
