/// How much the clients of a server leave unread, all together, and who goes when it is too much.
///
/// Each connection has a bound of its own, and a thousand of them at their bounds would be more than a
/// machine has. What counts is what was written behind other output or is large; the rest is below the
/// mark at which a channel counts as not writable.
///
/// Confined to the event loop.
final class OutputBound {
    /// A smaller write to a connection that reads is not counted.
    static let countedSizeMin = 64 << 10

    private let sizeMax: Int
    private var size = 0
    private var handlers: [ObjectIdentifier: ClientHandler] = [:]

    init(sizeMax: Int) { self.sizeMax = sizeMax }

    /// More waits for a client; those that leave the most unread are cut off until it is little
    /// enough again.
    func added(_ count: Int, to handler: ClientHandler) {
        size += count
        handlers[ObjectIdentifier(handler)] = handler
        while size > sizeMax, let greediest = handlers.values.max(by: ClientHandler.owesLess) {
            greediest.cutOff(leavingUnread: size)
        }
    }

    /// Less waits for a client; `isAll` if nothing does any more.
    func removed(_ count: Int, from handler: ClientHandler, isAll: Bool) {
        size -= count
        if isAll { handlers[ObjectIdentifier(handler)] = nil }
    }
}
