#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Asks servers with the words of four letters, as every monitor does.
///
/// All of them at once: a frozen server must not keep the answers of the others waiting.
enum FourLetterClient {
    /// A word for a server.
    struct Question {
        var word: String
        var host: String
        var port: Int
    }

    private static let answerSizeMax = 1 << 22

    /// The answer to each question, or nil if there is none within `milliseconds`.
    static func ask(_ questions: [Question], milliseconds: Int = 1000) -> [String?] {
        var known: [String: [[UInt8]]] = [:]
        var asked = questions.map { question in
            let place = "\(question.host) \(question.port)"
            let addresses = known[place] ?? resolve(question.host, question.port)
            known[place] = addresses
            return Conversation(word: question.word, addresses: addresses)
        }
        for index in asked.indices { asked[index].dialNext() }
        let end = LocalEnsemble.seconds() + Double(milliseconds) / 1000
        while true {
            let open = asked.indices.filter { asked[$0].descriptor >= 0 }
            let left = Int((end - LocalEnsemble.seconds()) * 1000)
            guard !open.isEmpty, left > 0 else { break }
            var polled = open.map { index in
                pollfd(
                    fd: asked[index].descriptor,
                    events: Int16(asked[index].isConnected ? POLLIN : POLLOUT), revents: 0)
            }
            guard unsafe poll(&polled, nfds_t(polled.count), CInt(left)) >= 0 || errno == EINTR
            else { break }
            for (index, event) in zip(open, polled) where event.revents != 0 {
                asked[index].advance()
            }
        }
        for index in asked.indices { asked[index].hangUp() }
        return asked.map(\.answer)
    }

    /// The addresses of a name as people write them; nil if it has none.
    static func names(of host: String) -> [String]? {
        let texts = resolve(host, 1).map { address -> String in
            if address.count == MemoryLayout<sockaddr_in6>.size {
                let bytes = address[8..<24]
                return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 ? "::1" : "IPv6"
            }
            return address[4..<8].map(String.init).joined(separator: ".")
        }
        return texts.isEmpty ? nil : texts
    }

    /// The addresses of a name, each as the bytes of a socket address.
    static func resolve(_ host: String, _ port: Int) -> [[UInt8]] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Platform.streamSocket
        var list: UnsafeMutablePointer<addrinfo>? = nil
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [[UInt8]] = []
        var next = unsafe list
        while let candidate = unsafe next {
            let info = unsafe candidate.pointee
            if let address = unsafe info.ai_addr {
                // The resolver gives the length with the address.
                let bytes = unsafe UnsafeRawBufferPointer(
                    start: address, count: Int(info.ai_addrlen))
                unsafe addresses.append(Array(bytes))
            }
            unsafe next = info.ai_next
        }
        return addresses
    }

    /// One question on its way: the addresses that are left to try, then the answer as it comes.
    private struct Conversation {
        let word: String
        var addresses: [[UInt8]]
        var descriptor: CInt = -1
        var isConnected = false
        var received: [UInt8] = []
        var answer: String?

        init(word: String, addresses: [[UInt8]]) {
            self.word = word
            self.addresses = addresses.reversed()
        }

        /// Begins to connect to the next address that there is.
        mutating func dialNext() {
            hangUp()
            while let address = addresses.popLast() {
                descriptor = Platform.connectWithoutWaiting(address)
                if descriptor >= 0 { return }
            }
        }

        mutating func advance() {
            if isConnected {
                receive()
            } else if Platform.failure(of: descriptor) == 0 {
                isConnected = true
                if !Platform.send(Array(word.utf8), to: descriptor) { hangUp() }
            } else {
                dialNext()
            }
        }

        private mutating func receive() {
            var buffer = [UInt8](repeating: 0, count: 16384)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0, received.count < FourLetterClient.answerSizeMax {
                received += buffer[..<count]
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                return
            } else {
                if count == 0 { answer = String(decoding: received, as: UTF8.self) }
                hangUp()
            }
        }

        mutating func hangUp() {
            if descriptor >= 0 { _ = Platform.close(descriptor) }
            descriptor = -1
            isConnected = false
        }
    }
}
