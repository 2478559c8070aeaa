import Jute

/// The `x509` scheme: who has a certificate is whoever its subject names.
enum CertificateCredential {
    /// Whether `id` may stand in an ACL: parts of `name=value` between commas.
    static func isValid(id: ByteString) -> Bool {
        if id.isEmpty { return true }
        var parts: [String] = [""]
        var isEscaped = false
        for letter in id.description {
            if letter == ",", !isEscaped {
                parts.append("")
            } else {
                parts[parts.count - 1].append(letter)
            }
            isEscaped = letter == "\\" && !isEscaped
        }
        return parts.allSatisfy { part in
            guard let equals = part.firstIndex(of: "=") else { return false }
            return part[..<equals].contains { $0 != " " }
        }
    }
}
