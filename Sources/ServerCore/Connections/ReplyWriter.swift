import Jute
import Records

// The frames that go to clients.

extension JuteWriter {
    /// Opens a reply and returns where it starts; `endFrame` closes it.
    mutating func beginReply(_ xid: Xid, zxid: Zxid, _ code: ErrorCode) -> Int {
        let start = beginFrame()
        writeInt32(xid.rawValue)
        writeInt64(zxid.rawValue)
        writeInt32(code.rawValue)
        return start
    }

    /// A reply that is nothing but its header.
    mutating func writeReply(_ xid: Xid, zxid: Zxid, _ code: ErrorCode) {
        endFrame(beginReply(xid, zxid: zxid, code))
    }

    /// A watch notification; the only state ever sent is 3, connected.
    mutating func writeNotification(type: Int32, path: Path, zxid: Zxid) {
        let start = beginReply(.notification, zxid: zxid, .ok)
        writeInt32(type)
        writeInt32(3)
        writeBuffer(path.bytes)
        endFrame(start)
    }

    /// The answer to a connect request; `timeout` 0 says that the session is no more.
    mutating func writeConnectResponse(
        timeout: Int32, session: SessionID, password: [UInt8], isReadOnly: Bool?
    ) {
        let start = beginFrame()
        writeInt32(0)
        writeInt32(timeout)
        writeInt64(session.rawValue)
        writeBuffer(password)
        if let isReadOnly { writeBool(isReadOnly) }
        endFrame(start)
    }
}
