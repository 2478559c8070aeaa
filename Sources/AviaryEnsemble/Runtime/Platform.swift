// The few system calls that differ between platforms, or whose names clash with members of ours.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Calls whose names clash with members of ours.
enum Platform {
    static func close(_ descriptor: CInt) -> CInt {
        #if canImport(Darwin)
            Darwin.close(descriptor)
        #elseif canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Musl.close(descriptor)
        #endif
    }

    static func open(_ path: String, _ flags: CInt, _ mode: mode_t) -> CInt {
        #if canImport(Darwin)
            unsafe Darwin.open(path, flags, mode)
        #elseif canImport(Glibc)
            unsafe Glibc.open(path, flags, mode)
        #else
            unsafe Musl.open(path, flags, mode)
        #endif
    }

    /// What the system calls an error.
    static func text(of code: CInt) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    static func read(_ descriptor: CInt, _ buffer: inout [UInt8]) -> Int {
        #if canImport(Darwin)
            unsafe Darwin.read(descriptor, &buffer, buffer.count)
        #elseif canImport(Glibc)
            unsafe Glibc.read(descriptor, &buffer, buffer.count)
        #else
            unsafe Musl.read(descriptor, &buffer, buffer.count)
        #endif
    }

    @unsafe static func bind(
        _ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> CInt {
        #if canImport(Darwin)
            unsafe Darwin.bind(descriptor, address, length)
        #elseif canImport(Glibc)
            unsafe Glibc.bind(descriptor, address, length)
        #else
            unsafe Musl.bind(descriptor, address, length)
        #endif
    }

    /// The kind of sockets that carry streams.
    static var streamSocket: CInt {
        #if canImport(Glibc)
            CInt(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }

    /// A socket that connects to the address in the background; negative if it cannot even begin.
    static func connectWithoutWaiting(_ address: [UInt8]) -> CInt {
        let isVersion6 = address.count == MemoryLayout<sockaddr_in6>.size
        let descriptor = socket(isVersion6 ? AF_INET6 : AF_INET, streamSocket, 0)
        guard descriptor >= 0 else { return -1 }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        // The bytes are a socket address, as the resolver made it.
        let result = unsafe address.withUnsafeBytes { bytes -> CInt in
            guard let base = bytes.baseAddress else { return -1 }
            let pointer = unsafe base.assumingMemoryBound(to: sockaddr.self)
            return unsafe connect(descriptor, pointer, socklen_t(bytes.count))
        }
        if result == 0 || errno == EINPROGRESS { return descriptor }
        _ = close(descriptor)
        return -1
    }

    @unsafe private static func connect(
        _ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> CInt {
        #if canImport(Darwin)
            unsafe Darwin.connect(descriptor, address, length)
        #elseif canImport(Glibc)
            unsafe Glibc.connect(descriptor, address, length)
        #else
            unsafe Musl.connect(descriptor, address, length)
        #endif
    }

    /// What became of a connection: 0, or the number of the error.
    static func failure(of descriptor: CInt) -> CInt {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return errno
        }
        return code
    }

    /// Whether all of it could be sent at once.
    static func send(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        sendSome(bytes[...], to: descriptor) == bytes.count
    }

    /// How many bytes of the beginning could be sent, -1 for none; `errno` says why.
    ///
    /// There is no signal if the other side is gone.
    static func sendSome(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Int {
        preventSignals(of: descriptor)
        return unsafe bytes.withUnsafeBytes { bytes in
            #if canImport(Darwin)
                return unsafe Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0)
            #elseif canImport(Glibc)
                return unsafe Glibc.send(
                    descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            #else
                return unsafe Musl.send(
                    descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            #endif
        }
    }

    /// Where that is said of a socket and not of each send; too late once the other side is gone.
    private static func preventSignals(of descriptor: CInt) {
        #if canImport(Darwin)
            var yes: CInt = 1
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<CInt>.size))
        #endif
    }

    /// Two sockets that are connected with each other; nil if there are none left.
    static func socketPair() -> [CInt]? {
        var pair: [CInt] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, streamSocket, 0, &pair) == 0 else { return nil }
        for descriptor in pair { preventSignals(of: descriptor) }
        return pair
    }
}
