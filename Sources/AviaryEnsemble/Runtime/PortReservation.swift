#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A port that is bound before its server starts and then handed to it: two launchers never race
/// for one.
struct PortReservation {
    let descriptor: CInt
    let port: Int

    /// Binds `port`, or another one if that is taken and `orAny` allows it.
    ///
    /// The other one is 10, 20 and so on behind it: below those that the system gives to outgoing
    /// connections, one of which might have it when the server starts again.
    ///
    /// `isLoopback`: only this machine can connect.
    static func take(_ port: Int, isLoopback: Bool, orAny: Bool) -> PortReservation? {
        if let taken = bind(port, isLoopback) { return taken }
        guard orAny else { return nil }
        for candidate in stride(from: port + 10, to: min(port + 5000, 32768), by: 10) {
            if let free = bind(candidate, isLoopback) { return free }
        }
        return bind(0, isLoopback)
    }

    private static func bind(_ port: Int, _ isLoopback: Bool) -> PortReservation? {
        let descriptor = socket(AF_INET, Platform.streamSocket, 0)
        guard descriptor >= 0 else { return nil }
        var yes: CInt = 1
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = isLoopback ? UInt32(0x7f00_0001).bigEndian : 0
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The structures of BSD sockets are made to be seen as one another.
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Platform.bind(descriptor, $0, length)
            }
        }
        guard result == 0, isExclusive(descriptor) else {
            _ = Platform.close(descriptor)
            return nil
        }
        var bound = sockaddr_in()
        var size = length
        _ = unsafe withUnsafeMutablePointer(to: &bound) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        // High, and closed in every child but the one it is meant for.
        let kept = fcntl(descriptor, F_DUPFD_CLOEXEC, 100)
        _ = Platform.close(descriptor)
        guard kept >= 0 else { return nil }
        return PortReservation(
            descriptor: kept, port: Int(UInt16(bigEndian: bound.sin_port)))
    }

    /// Makes nobody else's bind succeed, as long as the socket is open.
    ///
    /// Two sockets that may be reused have one port until one of them listens: another launcher
    /// would get it, too, and a server that leads much later could not open it. So this one listens
    /// for a moment, and may not be reused from then on; the server allows it again when it listens
    /// (InheritedSockets). Where a socket that has listened does not stay bound, it is left as it is.
    private static func isExclusive(_ descriptor: CInt) -> Bool {
        #if canImport(Darwin)
            return true
        #else
            guard listen(descriptor, 1) == 0 else { return false }
            _ = shutdown(descriptor, CInt(SHUT_RD))
            var no: CInt = 0
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &no, socklen_t(MemoryLayout<CInt>.size))
            return true
        #endif
    }

    /// Lets the launcher's side go; a server that has it keeps it.
    func close() { _ = Platform.close(descriptor) }
}
