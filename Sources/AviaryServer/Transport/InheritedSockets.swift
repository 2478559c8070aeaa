#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sockets that the launcher bound before it started this server, so that nobody could take the
/// ports in between: `AVIARY_LISTEN_FDS="client=5,election=6,quorum=7"`.
final class InheritedSockets {
    /// What a socket is for.
    enum Purpose: String {
        case client, election, quorum
    }

    private var descriptors: [Purpose: CInt] = [:]

    /// Takes over what the environment announces; children of this process get none of it.
    init() {
        guard let text = unsafe getenv("AVIARY_LISTEN_FDS") else { return }
        let announced = unsafe String(cString: text)
        for part in announced.split(separator: ",") {
            let sides = part.split(separator: "=")
            guard sides.count == 2, let purpose = Purpose(rawValue: String(sides[0])),
                let descriptor = CInt(sides[1]), fcntl(descriptor, F_GETFD) >= 0
            else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            descriptors[purpose] = descriptor
        }
        _ = unsafe unsetenv("AVIARY_LISTEN_FDS")
    }

    /// The socket for a purpose.
    ///
    /// A socket that is closed with its channel is gone; since a leader opens the quorum port again
    /// and again, that one is duplicated and kept.
    func take(_ purpose: Purpose) -> CInt? {
        guard let descriptor = descriptors[purpose] else { return nil }
        allowReuse(of: descriptor, true)
        guard purpose == .quorum else { return descriptors.removeValue(forKey: purpose) }
        let copy = dup(descriptor)
        guard copy >= 0 else { return nil }
        _ = fcntl(copy, F_SETFD, FD_CLOEXEC)
        return copy
    }

    /// Keeps the socket and lets nobody connect to it: its copy was closed, but as long as one is
    /// open the kernel would go on to accept what nobody reads.
    func rest(_ purpose: Purpose) {
        guard let descriptor = descriptors[purpose] else { return }
        // Linux leaves the socket bound; where that is an error, connections wait for the next
        // time.
        _ = shutdown(descriptor, CInt(SHUT_RD))
        allowReuse(of: descriptor, false)
    }

    /// A port at rest is nobody else's.
    ///
    /// Two sockets that may be reused can have one port until one of them listens. To listen, this
    /// one must be reusable: connections of before may still be closing.
    private func allowReuse(of descriptor: CInt, _ isAllowed: Bool) {
        #if !canImport(Darwin)
            var value: CInt = isAllowed ? 1 : 0
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &value, socklen_t(MemoryLayout<CInt>.size))
        #endif
    }

    /// Gives a socket up: its port is not this server's any more.
    func release(_ purpose: Purpose) {
        if let descriptor = descriptors.removeValue(forKey: purpose) { close(descriptor) }
    }
}
