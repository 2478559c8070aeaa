import DequeModule
import Jute
import Records
import Tree

// The client port: connections come, bring frames and go.

extension Replica {
    /// A client has connected.
    ///
    /// `address`: 4 or 16 bytes.
    /// Returns false if there are too many connections: reset it.
    public func clientConnected(
        _ id: ConnectionID, address: [UInt8], port: UInt16, _ now: Moment
    ) -> Bool {
        self.now = now
        let ofAddress = connectionsByAddress[address, default: 0]
        if settings.connectionsPerAddressMax > 0, ofAddress >= settings.connectionsPerAddressMax {
            metrics.add(.connectionRejected)
            log(
                .warning,
                "Too many connections from /\(AddressCredential.text(of: address)) - max is "
                    + "\(settings.connectionsPerAddressMax) (maxClientCnxns in zoo.cfg raises it)")
            return false
        }
        if settings.connectionsMax > 0, connections.count >= settings.connectionsMax {
            metrics.add(.connectionRejected)
            return false
        }
        connectionsByAddress[address] = ofAddress + 1
        let connection = Connection(id: id, address: address, port: port, now: now)
        connections[id] = connection
        watchSilence(of: connection)
        return true
    }

    /// A TLS handshake is complete.
    ///
    /// `subject`: of the client's certificate, which was checked, if it has shown one.
    public func clientSecured(_ id: ConnectionID, subject: String?, _ now: Moment) {
        self.now = now
        guard let connection = connections[id] else { return }
        connection.isSecure = true
        guard let subject else { return }
        for identity in access.identities(ofSubject: subject)
        where !connection.credentials.contains(identity) {
            connection.credentials.append(identity)
        }
    }

    /// The client's connection is gone, by whoever's doing.
    public func clientClosed(_ id: ConnectionID, _ now: Moment) {
        self.now = now
        guard let connection = connections[id] else { return }
        metrics.add(.connectionDropCount)
        forget(connection)
        settle()
    }

    func forget(_ connection: Connection) {
        connection.state = .closing
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        leaveUnclaimed(connection)
        outstandingCount -= connection.outstanding.count
        for request in connection.outstanding { largeRequestBytes -= request.largeSize }
        connection.outstanding.removeAll()
        watches.removeAll(of: WatcherID(connection.id.rawValue))
        if connectionBySession[connection.session] === connection {
            connectionBySession[connection.session] = nil
        }
        stopAwaitingEnd(connection)
        if revalidating[connection.session] == connection.id {
            revalidating[connection.session] = nil
        }
        let left = connectionsByAddress[connection.address, default: 1] - 1
        connectionsByAddress[connection.address] = left > 0 ? left : nil
    }

    /// Closes the connection once what it is owed so far has been written.
    func close(_ connection: Connection) {
        guard connection.state != .closing else { return }
        forget(connection)
        emit(.closeClient(connection.id))
    }

    func pause(_ connection: Connection) {
        guard !connection.isPaused else { return }
        connection.isPaused = true
        emit(.pauseReading(connection.id))
    }

    func resume(_ connection: Connection) {
        guard connection.isPaused else { return }
        connection.isPaused = false
        emit(.resumeReading(connection.id))
    }

    /// Bytes have come from a client.
    ///
    /// Requests are left unread when the connection owes enough: they are to come again once
    /// that has been written, so a client that reads slowly is served slowly.
    ///
    /// - Returns: how many of them were consumed; the rest comes again, with what follows it.
    public func clientReceived(_ id: ConnectionID, _ bytes: RawSpan, _ now: Moment) -> Int {
        self.now = now
        guard let connection = connections[id] else { return bytes.byteCount }
        connection.heardAt = now.monotonicMilliseconds
        var reader = JuteReader(bytes)
        var consumed = 0
        while connection.isOpen, !connection.isPaused, !connection.owesEnough,
            reader.remaining >= 4
        {
            if isThrottling, connection.state == .established {
                throttle(connection)
                break
            }
            guard let length = frameLength(&reader, connection),
                !waitsForLeader(connection)
            else { break }
            guard reader.remaining >= length, let frame = try? reader.readSpan(count: length)
            else { break }
            consumed = reader.offset
            frameSize = length
            statistics.packetsReceived += 1
            connection.statistics.received += 1
            receivedFrame(frame, connection)
        }
        metrics.add(.bytesReceivedCount, consumed)
        // Whatever waited has been taken.
        if !connection.isThrottled { connection.throttledAt = nil }
        settle()
        return connection.isOpen ? consumed : bytes.byteCount
    }

    /// The length of the next frame, or nil when the connection is being closed: a four letter
    /// word stood there, or a length that nothing may have.
    private func frameLength(_ reader: inout JuteReader, _ connection: Connection) -> Int? {
        guard let length = try? reader.readInt32() else { return nil }
        if connection.state == .fresh, let word = FourLetterWords.Word(rawValue: length) {
            statistics.packetsReceived += 1
            connection.statistics.received += 1
            if let text = answer(word, mask: try? reader.readInt64()) {
                connection.output.writeBytes(Array(text.utf8))
                statistics.packetsSent += 1
            }
            markDirty(connection)
            close(connection)
            return nil
        }
        guard length >= 0, length <= settings.requestSizeMax else {
            log(
                .warning,
                "Closing /\(AddressCredential.text(of: connection.address)):\(connection.port): a "
                    + "request of \(length) bytes; the most is \(settings.requestSizeMax) "
                    + "(jute.maxbuffer raises it)")
            close(connection)
            return nil
        }
        guard hasRoom(forRequestOf: Int(length)) else {
            close(connection)
            return nil
        }
        return Int(length)
    }

    private func receivedFrame(_ frame: RawSpan, _ connection: Connection) {
        var reader = JuteReader(frame)
        switch connection.state {
        case .fresh: receivedConnectRequest(&reader, connection)
        case .established:
            guard let xid = try? reader.readInt32(), let type = try? reader.readInt32() else {
                return close(connection)
            }
            receivedRequest(Xid(xid), OpCode(rawValue: type), &reader, connection)
        // Nothing is read while a session is being established, and nothing after closing.
        case .establishing, .closing: break
        }
    }
}
