// What mends a finding, as it is typed.

extension Doctor {
    /// The verbs name the ensemble, so that they can be typed wherever one is.
    ///
    /// Of servers that somebody else starts there are no logs and no processes here.
    func verb(_ text: String) -> String {
        guard let file = facts.specFile else { return "aviary \(text) -e \(facts.ensemble)" }
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard let first = words.first, ["plan", "apply", "status", "wait", "roll"].contains(first)
        else { return "aviary check \(word(file))" }
        return (["aviary \(first) \(word(file))"] + words.dropFirst()).joined(separator: " ")
    }

    /// What only a person can do, and no command.
    func person(_ task: String) -> String { "# a person must \(task)" }

    /// Each of these servers starts from files that are written anew, from the spec.
    func startAnew(_ servers: [ServerFacts]) -> String {
        let running = servers.filter(\.isRunning)
        let others = servers.filter { !$0.isRunning }
        return [("restart", running), ("start", others)].filter { !$0.1.isEmpty }
            .map { verb("\($0) \(ids($1))") }.joined(separator: " && ")
    }

    /// A key of zoo.cfg, at these servers: taken back where somebody has typed it into the file, and
    /// else changed in the spec.
    func mend(_ key: String, of servers: [ServerFacts], _ edit: String) -> String {
        let edited = servers.filter { $0.editedKeys.contains(key) }
        guard edited.isEmpty else {
            return startAnew(edited) + "   # writes zoo.cfg anew, from the spec"
        }
        return editSpec(edit)
    }

    /// An edit of the spec, which then is carried out.
    ///
    /// Where no file says what the ensemble is, one is written, under a name of its own.
    func editSpec(_ edit: String) -> String {
        let editor = "${EDITOR:-vi}"
        if let file = facts.specFile {
            if facts.isPlanned { return "\(editor) \(word(file))   # \(edit)" }
            return person("do it in the files of the servers that somebody else starts: \(edit)")
                + "; then \(verb("roll"))"
        }
        let file = facts.specOnRecord ?? "\(facts.ensemble)-now.yaml"
        let spec = facts.specOnRecord == nil ? verb("spec") + " > \(word(file)) && " : ""
        return spec + "\(editor) \(word(file)) && aviary apply \(word(file)) -e "
            + "\(facts.ensemble)   # \(edit)"
    }

    /// Whoever serves nobody is there again; those of hosts that do not answer are for a person.
    var bringBack: String {
        guard !facts.isExternal else {
            return verb("status") + "   # a person must start those that do not answer"
        }
        let missing = facts.servers.filter { $0.mode == nil && $0.unreachable == nil }
        let deeds = [
            ("resume", missing.filter(\.isPaused)), ("start", missing.filter { !$0.isRunning }),
        ].filter { !$0.1.isEmpty }
        guard deeds.isEmpty else {
            return deeds.map { verb("\($0) \(ids($1))") }.joined(separator: " && ")
        }
        guard missing.isEmpty else {
            return verb("logs \(ids(missing))")
                + "   # say why they serve nobody; a person must see "
                + "to that, or to the network between them"
        }
        return verb("status") + "   # who is missing? A person must bring back its host"
    }

    private func ids(_ servers: [ServerFacts]) -> String {
        servers.map { String($0.id) }.joined(separator: " ")
    }

    /// A path as a word of a command.
    func word(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                || UInt8(ascii: "-")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
        }
        return isPlain ? path : HostProgram.quoted(path)
    }
}
