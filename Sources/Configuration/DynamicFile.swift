public import Records

/// The file of members beside zoo.cfg, and how zoo.cfg is rewritten to refer to it.
public enum DynamicFile {
    /// Parses a dynamic file; its version is the end of its name, if that is hexadecimal.
    public static func parse(
        _ text: String, file: String
    ) throws(ConfigurationProblem) -> Membership {
        let properties = PropertiesFile(text)
        if let entry = properties.entries.first(where: { !Membership.isKey($0.key) }) {
            let hint = entry.key == "version" ? " (the version is part of the file's name)" : ""
            throw ConfigurationProblem(
                .error, "\(entry.key) does not belong into a dynamic file\(hint)", file: file,
                line: entry.line)
        }
        do throws(MembershipProblem) {
            return try Membership(
                version: version(ofFile: file), entries: properties.entries)
        } catch {
            throw ConfigurationProblem(.error, error.message, file: file, line: error.line)
        }
    }

    /// What follows the last dot of the name, in hexadecimal; 0 if it is no number.
    public static func version(ofFile file: String) -> Int64 {
        guard let suffix = file.split(separator: "/").last?.split(separator: ".").last,
            let version = UInt64(suffix, radix: 16)
        else { return 0 }
        return Int64(bitPattern: version)
    }

    /// The content of a dynamic file: no version line, no newline at the end.
    public static func text(of membership: Membership) -> String {
        membership.lines.joined(separator: "\n")
    }

    /// The name of the dynamic file of a version, beside the zoo.cfg at `path`.
    public static func path(besides path: String, version: Int64) -> String {
        "\(path).dynamic.\(String(UInt64(bitPattern: version), radix: 16))"
    }

    /// zoo.cfg without its members, and with the name of the dynamic file.
    ///
    /// Comments are lost, as they are when Apache ZooKeeper does it. The keys of the client port
    /// go if the server's own line has a client address.
    public static func rewrite(
        _ entries: [PropertiesFile.Entry], dynamicFile: String, ownHasClientAddress: Bool
    ) -> String {
        var last: [String: Int] = [:]
        for (index, entry) in entries.enumerated() { last[entry.key] = index }
        var text = ""
        for (index, entry) in entries.enumerated() where last[entry.key] == index {
            if Membership.isKey(entry.key) || entry.key == "dynamicConfigFile"
                || entry.key == "peerType"
            {
                continue
            }
            if ownHasClientAddress, entry.key.hasPrefix("clientPort") { continue }
            text += "\(entry.key)=\(entry.value)\n"
        }
        return text + "dynamicConfigFile=\(dynamicFile)\n"
    }
}

/// The file that says which server this is.
public enum MyID {
    /// The id in the content of a `myid` file: its first line, a decimal number.
    public static func parse(_ text: String, file: String) throws(ConfigurationProblem) -> ServerID
    {
        let line =
            text.split(
                separator: "\n", maxSplits: 1, omittingEmptySubsequences: false
            ).first.map(String.init) ?? ""
        let digits = line.hasSuffix("\r") ? String(line.dropLast()) : line
        guard let id = Int64(digits), (1...255).contains(id) else {
            throw ConfigurationProblem(
                .error,
                "the first line is \"\(line)\"; it must be the server's number, 1 to 255, alone",
                file: file, line: 1)
        }
        return ServerID(id)
    }
}
