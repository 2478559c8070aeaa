// `nc`, as far as health checks use it: the image's busybox has one that knows neither -z nor -v, -q
// or -N, and a check that cannot be run makes a container unhealthy for ever.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What `nc` was told.
struct NetworkCatOptions: Equatable {
    /// Only connect.
    var isProbe = false
    var isVerbose = false
    /// What is sent ends with standard input, and the other side is told.
    var closesAtEnd = false
    /// Addresses are numbers, and names are not resolved.
    var isNumeric = false
    /// 4 or 6, if only addresses of one kind are to be tried.
    var version: Int?
    /// Seconds for connecting, and for silence after that.
    var patience: Int?
    /// Seconds between the end of standard input and the end.
    var rest: Int?
    var host = ""
    var ports: [Int] = []

    /// Reads the words; nil if one is not known here.
    init?(_ words: [String]) {
        var words = words[...]
        var operands: [String] = []
        while let word = words.popFirst() {
            if word == "--" {
                operands += words
                break
            }
            guard word.hasPrefix("-"), word.count > 1 else {
                operands.append(word)
                continue
            }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                switch letter {
                case "z": isProbe = true
                case "v": isVerbose = true
                case "N": closesAtEnd = true
                case "n": isNumeric = true
                case "4", "6": version = letter.wholeNumberValue
                case "w", "q":
                    let text = letters.isEmpty ? words.popFirst() ?? "" : String(letters)
                    letters = ""
                    guard let seconds = Int(text), seconds < 1_000_000,
                        seconds >= 0 || letter == "q"
                    else { return nil }
                    if letter == "w" {
                        patience = seconds == 0 ? nil : seconds
                    } else {
                        rest = seconds
                    }
                default: return nil
                }
            }
        }
        guard operands.count > 1, let host = operands.first else { return nil }
        self.host = host
        for operand in operands.dropFirst() {
            let ends = operand.split(separator: "-", omittingEmptySubsequences: false).map {
                Int($0)
            }
            guard ends.count < 3, let low = ends.first ?? nil, let high = ends.last ?? nil,
                (1...65535).contains(low), (low...65535).contains(high)
            else { return nil }
            ports += Array(low...high)
        }
        // Only a probe has more than one port.
        guard isProbe || ports.count == 1 else { return nil }
    }
}

/// A connection between standard input and output and a server.
struct NetworkCat {
    private let options: NetworkCatOptions

    /// Does what the words say, and returns the exit code: 0 connected, 1 not.
    ///
    /// Words that are not known here are busybox's.
    static func run(_ words: [String]) -> Int32 {
        guard let options = NetworkCatOptions(words) else {
            var list = unsafe (["busybox", "nc"] + words).map { unsafe strdup($0) } + [nil]
            unsafe execvp("busybox", &list)
            Program.note("nc: nc [-46Nnvz] [-q SECONDS] [-w SECONDS] HOST PORT")
            return 1
        }
        // Started without one: the first socket would be taken for it.
        if fcntl(STDIN_FILENO, F_GETFD) < 0 { _ = unsafe open("/dev/null", O_RDONLY) }
        return NetworkCat(options: options).run()
    }

    private func run() -> Int32 {
        var isReached = false
        for port in options.ports {
            guard let socket = connect(port) else { continue }
            isReached = true
            if options.isVerbose {
                Program.note("Connection to \(options.host) \(port) port [tcp/*] succeeded!")
            }
            defer { close(socket) }
            if !options.isProbe, !exchange(socket) { return 1 }
        }
        return isReached ? 0 : 1
    }

    // MARK: The connection

    /// A socket that is connected, at the first address that answers.
    private func connect(_ port: Int) -> CInt? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = NetworkCat.stream
        unsafe hints.ai_family = options.version.map { $0 == 4 ? AF_INET : AF_INET6 } ?? AF_UNSPEC
        unsafe hints.ai_flags = AI_NUMERICSERV | (options.isNumeric ? AI_NUMERICHOST : 0)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(options.host, String(port), &hints, &found)
        guard code == 0 else {
            Program.note("nc: \(options.host): \(unsafe String(cString: gai_strerror(code)))")
            return nil
        }
        defer { unsafe freeaddrinfo(found) }
        var next = unsafe found
        var reason: CInt = 0
        while let address = unsafe next?.pointee {
            unsafe next = address.ai_next
            let descriptor = unsafe socket(
                address.ai_family, address.ai_socktype, address.ai_protocol)
            guard descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            let isStarted =
                unsafe Glue.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0
                || errno == EINPROGRESS
            reason = isStarted ? outcome(descriptor) : errno
            if reason == 0 { return descriptor }
            close(descriptor)
        }
        if options.isVerbose || !options.isProbe {
            Program.note(
                "nc: connect to \(options.host) port \(port) (tcp) failed: "
                    + "\(unsafe String(cString: strerror(reason)))")
        }
        return nil
    }

    /// Why a connection that was begun cannot be; 0 if it can.
    private func outcome(_ descriptor: CInt) -> CInt {
        guard
            let events = wait(
                [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)], options.patience)
        else { return ETIMEDOUT }
        guard events[0] != 0 else { return ETIMEDOUT }
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return errno
        }
        return code
    }

    /// What has happened to each, or nil if nothing has within so many seconds.
    private func wait(_ descriptors: [pollfd], _ seconds: Int?) -> [Int16]? {
        var descriptors = descriptors
        while true {
            let limit = seconds.map { CInt(clamping: $0 * 1000) } ?? -1
            let count = unsafe poll(&descriptors, nfds_t(descriptors.count), limit)
            if count > 0 { return descriptors.map(\.revents) }
            if count == 0 || errno != EINTR { return nil }
        }
    }

    // MARK: What is said

    /// Sends standard input and prints what comes, until the other side closes.
    ///
    /// - Returns: false if it was silence that ended it, and there was no answer to what was sent.
    private func exchange(_ socket: CInt) -> Bool {
        var unsent: ArraySlice<UInt8> = []
        var isInputOpen = true, hasSent = false, hasReceived = false
        while true {
            let input = isInputOpen && unsent.isEmpty ? STDIN_FILENO : -1
            let wanted = POLLIN | (unsent.isEmpty ? 0 : POLLOUT)
            let resting =
                !isInputOpen && unsent.isEmpty ? options.rest.flatMap { $0 < 0 ? nil : $0 } : nil
            let events = wait(
                [
                    pollfd(fd: socket, events: Int16(wanted), revents: 0),
                    pollfd(fd: input, events: Int16(POLLIN), revents: 0),
                ], resting ?? options.patience)
            guard let events else { return resting != nil || hasReceived || !hasSent }
            if events[0] & ~Int16(POLLOUT) != 0 {
                let bytes = NetworkCat.receive(socket)
                guard let bytes, !bytes.isEmpty else {
                    if bytes == nil, errno == EAGAIN || errno == EINTR { continue }
                    return true
                }
                hasReceived = true
                guard NetworkCat.put(bytes) else { return true }
            }
            if events[1] != 0 {
                let bytes = NetworkCat.receive(STDIN_FILENO)
                if bytes == nil, errno == EINTR { continue }
                unsent = bytes?[...] ?? []
                hasSent = hasSent || !unsent.isEmpty
                if unsent.isEmpty {
                    isInputOpen = false
                    // Who was told nothing has nothing to answer, and may wait for ever.
                    let closes = options.closesAtEnd || (options.rest ?? -1) >= 0 || !hasSent
                    if closes { shutdown(socket, CInt(SHUT_WR)) }
                }
            }
            if !unsent.isEmpty {
                let count = unsafe unsent.withUnsafeBytes {
                    unsafe write(socket, $0.baseAddress, $0.count)
                }
                if count > 0 { unsent = unsent.dropFirst(count) }
                if count < 0, errno != EAGAIN, errno != EINTR { return true }
            }
        }
    }

    /// What there is to be read: empty at the end, nil if it cannot be read.
    private static func receive(_ descriptor: CInt) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        return count < 0 ? nil : Array(buffer[..<count])
    }

    private static func put(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static var stream: CInt {
        #if canImport(Glibc)
            CInt(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }
}

/// The call whose name our own method has.
private enum Glue {
    @unsafe static func connect(
        _ descriptor: CInt, _ address: UnsafeMutablePointer<sockaddr>?, _ size: socklen_t
    ) -> CInt {
        #if canImport(Darwin)
            unsafe Darwin.connect(descriptor, address, size)
        #elseif canImport(Glibc)
            unsafe Glibc.connect(descriptor, address, size)
        #else
            unsafe Musl.connect(descriptor, address, size)
        #endif
    }
}
