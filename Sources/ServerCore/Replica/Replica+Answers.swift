import Jute
import Records
import Tree

// Replies, in the order of requests: what stands at the head of a connection's queue is answered
// as soon as it can be, and everything behind it that need not wait goes with it.

extension Replica {
    /// Answers from the head of the queue as far as nothing has to be waited for.
    func answerReady(_ connection: Connection) {
        while connection.state == .established, let head = connection.outstanding.first {
            let isOverfull =
                connection.output.count > Connection.outputMax
                || undrainedBytes > settings.outputMaxOfAll && connection.owesEnough
            if isOverfull { return closeOverfull(connection) }
            switch head.kind {
            case .write: return
            case .sync(_, isDone: false): return
            case .sync(let path, isDone: true):
                dequeue(connection)
                let start = connection.output.beginReply(head.xid, zxid: lastZxid, .ok)
                connection.output.writeString(path.map { Path($0).repaired.string })
                finish(start, head, connection)
            case .read(let body):
                dequeue(connection)
                var reader = JuteReader(body.rawSpan)
                answerRead(head.xid, head.type, &reader, connection, since: head.since)
                if head.type == .closeSession { return localSessionClosed(connection) }
            case .failed(let code, let zxid):
                dequeue(connection)
                let start = connection.output.beginReply(head.xid, zxid: zxid ?? lastZxid, code)
                finish(start, head, connection)
                if code == .unimplemented { return close(connection) }
            }
        }
        guard connection.outstanding.isEmpty, connection.state == .established else { return }
        if !connection.isThrottled { resume(connection) }
    }

    /// Closes a connection that has asked for more at once than memory is to hold: its answers
    /// cannot be put off, since later ones may not be seen by the requests before them.
    private func closeOverfull(_ connection: Connection) {
        log(
            .warning,
            "Closing /\(AddressCredential.text(of: connection.address)):\(connection.port): "
                + "\(connection.output.count) bytes of answers behind one write, and more to come")
        undrainedBytes -= connection.output.count
        connection.output = JuteWriter(capacity: 512)
        close(connection)
    }

    private func dequeue(_ connection: Connection) {
        largeRequestBytes -= connection.outstanding.removeFirst().largeSize
        outstandingCount -= 1
    }

    private func finish(
        _ start: Int, _ request: Connection.Outstanding, _ connection: Connection
    ) {
        connection.output.endFrame(start)
        answered(
            request.type, since: request.since, zxid: lastZxid, from: start, connection)
    }

    /// Books a reply that has been written, from `start` to the end of the connection's output.
    func answered(
        _ type: OpCode, since: Int64, zxid: Zxid, from start: Int, _ connection: Connection
    ) {
        markDirty(connection)
        undrainedBytes += connection.output.count - start
        statistics.answered(connection.output.count - start - 4)
        connection.statistics.sent += 1
        let latency = max(0, now.monotonicMilliseconds - since)
        connection.statistics.lastOperation = type
        connection.statistics.lastZxid = zxid
        connection.statistics.lastResponseAt = now.wallMilliseconds
        connection.statistics.lastLatency = latency
        // As in Apache ZooKeeper, pings count for the connection and not for the server.
        connection.statistics.latency.record(latency)
        guard type != .ping else { return }
        statistics.latency.record(latency)
        metrics.record(WriteRequest.isWrite(type) ? .updatelatency : .readlatency, latency)
    }

    /// The transaction of a session's oldest write has been applied: answers it.
    func answerWrite(_ transaction: Transaction, _ applied: Applied) {
        let header = transaction.header
        guard let connection = connectionBySession[header.session] else {
            return passOver(header)
        }
        if header.type == .createSession {
            return established(connection, header.session)
        }
        let isOfPredecessor = !isPrimary && isOfPredecessor(header, connection)
        guard !isOfPredecessor, let head = connection.outstanding.first,
            isResult(header, of: head)
        else {
            // Nobody asked for it: the session has expired, or it was another server's client.
            if header.type == .closeSession { close(connection) }
            return
        }
        dequeue(connection)
        if case .error(.sessionMoved) = transaction.body { return close(connection) }
        var code: ErrorCode = if case .error(let code) = transaction.body { code } else { .ok }
        if let refusal = head.refusal, code != .ok { code = refusal }
        let start = connection.output.beginReply(head.xid, zxid: header.zxid, code)
        if code == .ok { writeResult(applied, transaction, of: head.type, to: &connection.output) }
        connection.output.endFrame(start)
        answered(head.type, since: head.since, zxid: header.zxid, from: start, connection)
        if let entries = head.audited { audit(entries, code, applied, connection) }
        if header.type == .closeSession { return close(connection) }
        answerReady(connection)
    }

    /// Whether a transaction is what a request has led to.
    ///
    /// Where it was proposed that is known. A learner goes by session and xid, which a handle that
    /// takes over a session counts from the start again: see `isOfPredecessor`.
    private func isResult(
        _ header: TransactionHeader, of request: Connection.Outstanding
    ) -> Bool {
        guard case .write = request.kind, request.xid == header.cxid,
            header.type == request.type || header.type == .error
        else { return false }
        return !isPrimary || request.zxid == header.zxid
    }

    private func writeResult(
        _ applied: Applied, _ transaction: Transaction, of type: OpCode,
        to output: inout JuteWriter
    ) {
        if case .multi(let results) = applied.result, case .multi(let bodies) = transaction.body {
            MultiReply.write(results, of: bodies, to: &output)
        } else if type == .reconfig, case .changed(let stat) = applied.result {
            output.writeBuffer(Array(membership.text.utf8))
            stat.write(to: &output)
        } else {
            MultiReply.writePayload(applied.result, of: type, to: &output)
        }
    }
}

/// The body of the reply to a multi, and the payloads that it shares with single writes.
enum MultiReply {
    static func write(
        _ results: [TransactionResult], of bodies: [TransactionBody], to output: inout JuteWriter
    ) {
        for (result, body) in zip(results, bodies) {
            if case .error(let code) = result {
                MultiHeader(type: .error, error: code).write(to: &output)
                output.writeInt32(code.rawValue)
            } else {
                let type = replyType(of: body.type)
                MultiHeader(type: type, error: .ok).write(to: &output)
                writePayload(result, of: type, to: &output)
            }
        }
        MultiHeader.end.write(to: &output)
    }

    /// Creates of newer kinds are all answered as create2.
    private static func replyType(of type: OpCode) -> OpCode {
        type == .createContainer || type == .createTTL ? .create2 : type
    }

    /// What follows a header that says all is well.
    static func writePayload(
        _ result: TransactionResult, of type: OpCode, to output: inout JuteWriter
    ) {
        switch result {
        case .created(let path, let stat):
            output.writeBuffer(path.bytes)
            if type != .create { stat.write(to: &output) }
        case .changed(let stat): stat.write(to: &output)
        case .deleted, .checked, .sessionCreated, .sessionClosed, .error, .multi: break
        }
    }
}
