#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Asks servers with the words of four letters, as every monitor does.
enum FourLetterClient {
    /// The answer to `word`, or nil if there is none within `milliseconds`.
    static func ask(
        _ word: String, host: String, port: Int, milliseconds: Int = 1000
    ) -> String? {
        guard let descriptor = connect(host, port, milliseconds) else { return nil }
        defer { _ = Platform.close(descriptor) }
        let question = Array(word.utf8)
        #if canImport(Darwin)
            let flags: CInt = 0
        #else
            let flags = CInt(MSG_NOSIGNAL)
        #endif
        guard unsafe send(descriptor, question, question.count, flags) == question.count else {
            return nil
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while answer.count < 1 << 22 {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 { return nil }
            if count == 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func connect(_ host: String, _ port: Int, _ milliseconds: Int) -> CInt? {
        var hints = unsafe addrinfo()
        #if canImport(Glibc)
            unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            unsafe hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>? = nil
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var next = unsafe list
        while let candidate = unsafe next {
            let info = unsafe candidate.pointee
            let descriptor = unsafe socket(info.ai_family, info.ai_socktype, info.ai_protocol)
            if descriptor >= 0 {
                var time = timeval(
                    tv_sec: milliseconds / 1000,
                    tv_usec: .init(milliseconds % 1000 * 1000))
                let size = socklen_t(MemoryLayout<timeval>.size)
                unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
                unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
                #if canImport(Darwin)
                    let result = unsafe Darwin.connect(descriptor, info.ai_addr, info.ai_addrlen)
                #elseif canImport(Glibc)
                    let result = unsafe Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen)
                #else
                    let result = unsafe Musl.connect(descriptor, info.ai_addr, info.ai_addrlen)
                #endif
                if result == 0 { return descriptor }
                _ = Platform.close(descriptor)
            }
            unsafe next = info.ai_next
        }
        return nil
    }
}
