internal import Configuration
internal import Records

// Who belongs to the ensemble, by the spec and in truth; who may change that; how many may fail.

extension Doctor {
    func examineMembers() -> [Finding] {
        var findings = examineQuorum()
        guard let committed = facts.committed else { return findings }
        for member in facts.wanted.members {
            guard let actual = committed.member(member.id) else {
                findings.append(
                    drift("not-a-member", member.id, "is in the spec and not in the ensemble"))
                continue
            }
            if actual.role != member.role {
                findings.append(
                    drift(
                        "role-differs", member.id,
                        "is \(word(actual.role)) and the spec wants \(word(member.role))"))
            } else if actual.quorum != member.quorum || actual.election != member.election {
                findings.append(
                    drift(
                        "address-differs", member.id,
                        "is at \(actual.quorum) and the spec wants \(member.quorum)"))
            } else if let client = member.client, let known = actual.client,
                known.port != client.port
            {
                findings.append(
                    drift(
                        "address-differs", member.id,
                        "serves clients at port \(known.port) and the spec wants \(client.port)"))
            }
        }
        for member in committed.members where facts.wanted.member(member.id) == nil {
            findings.append(
                drift(
                    "not-in-spec", member.id, "is in the ensemble and not in the spec",
                    remedy: isStranger(member.id)
                        ? verb("remove \(member.id)") + "   # or apply a spec that has it, too"
                        : nil
                ))
        }
        return findings
    }

    /// Nobody here knows the server; a spec that was named says who stays.
    private func isStranger(_ id: ServerID) -> Bool {
        facts.specFile == nil && !facts.servers.contains { Int64($0.id) == id.rawValue }
    }

    private func drift(
        _ code: String, _ id: ServerID, _ text: String, remedy: String? = nil
    ) -> Finding {
        Finding(
            code, .warning, server: Int(id.rawValue), "server \(id) \(text)",
            remedy: remedy ?? verb("apply") + "   # first, to see what it does: " + verb("plan"))
    }

    private func word(_ role: MemberRole) -> String {
        role == .participant ? "a participant" : "an observer"
    }

    /// What may still fail.
    var margin: QuorumMargin {
        let serving = facts.servers.filter { $0.mode != nil }.map { ServerID(Int64($0.id)) }
        return QuorumMargin(facts.committed ?? facts.wanted, synced: Set(serving))
    }

    private func examineQuorum() -> [Finding] {
        var findings: [Finding] = []
        let members = facts.committed ?? facts.wanted
        let serving = Set(
            facts.servers.filter { $0.mode != nil }.map { ServerID(Int64($0.id)) })
        guard !facts.isPlanned else { return [] }
        let margin = QuorumMargin(members, synced: serving)
        let isAnySupposedToRun = facts.servers.contains { $0.isRunning }
        if isAnySupposedToRun, margin.mayFail == nil {
            findings.append(
                Finding(
                    "no-quorum", .error, "there is no quorum: \(margin.text)",
                    remedy: bringBack))
        } else if isAnySupposedToRun, margin.mayFail == 0, members.voters.count > 2 {
            findings.append(
                Finding(
                    "no-margin", .warning, "no further server may fail: \(margin.text)",
                    remedy: bringBack))
        }
        // Before it serves again nobody can change anything.
        return margin.mayFail == nil ? findings : findings + examineParity(members)
    }

    private func examineParity(_ members: Membership) -> [Finding] {
        let voters = members.voters.count
        // Of a spec that is being read its reader says so.
        guard facts.specFile == nil, !members.isHierarchical, voters > 0, voters % 2 == 0 else {
            return []
        }
        let survives = voters / 2 - 1
        let odd = voters - 1
        return [
            Finding(
                "even-participants", .warning,
                "\(voters) participants survive \(survives) failure\(survives == 1 ? "" : "s"), as "
                    + "\(odd) \(odd == 1 ? "does" : "do")",
                remedy: facts.canGrow
                    ? verb("scale \(voters + 1)") : editSpec("one participant more, or one fewer"))
        ]
    }

    // MARK: Who may change it

    func examineOperator() -> [Finding] {
        var findings: [Finding] = []
        let known = facts.servers.filter(\.hasConfiguration)
        let isDynamic = known.contains { $0.settings.reconfigEnabled }
        let hasSuper = known.allSatisfy { $0.settings.access.superDigest != nil }
        let skips = known.filter(\.settings.access.skipsACLs)
        if isDynamic, !hasSuper, skips.isEmpty, !facts.isPlanned, facts.credentialFile != nil {
            findings.append(
                Finding(
                    "reconfig-forbidden", .warning,
                    "reconfigEnabled is true, and not every server knows who has the right to "
                        + "change the members",
                    remedy: verb("roll") + "   # each restarts from a zoo.cfg with the digest"))
        }
        if !skips.isEmpty {
            findings.append(
                Finding(
                    "acl-skipped", .warning,
                    "skipACL is on: every client may do everything, to the configuration too",
                    remedy: mend("skipACL", of: skips, "take skipACL out of config")))
        }
        if facts.credentialFile == nil, !facts.isPlanned, !facts.isExternal {
            findings.append(
                Finding(
                    "credential-missing", .warning,
                    "the operator's credential is gone: nobody can change the members before there "
                        + "is a new one",
                    remedy: verb("apply")
                        + "   # makes one, and each server restarts with its digest"))
        }
        if facts.isCredentialPublic, let file = facts.credentialFile {
            findings.append(
                Finding(
                    "credential-public", .error,
                    "others can read the operator's credential, \(file)",
                    remedy: "chmod 600 \(file)", repair: .makePrivate(file)))
        }
        for server in known where !canBeAsked(server) {
            findings.append(
                Finding(
                    "words-hidden", .warning, server: server.id,
                    "server \(server.id) does not answer srvr, mntr and conf: its state is hidden",
                    remedy: mend(
                        "4lw.commands.whitelist", of: [server],
                        "add them to 4lw.commands.whitelist, under config"))
            )
        }
        if facts.openFilesMax < 4096 {
            findings.append(
                Finding(
                    "files-limited", .warning,
                    "a process may open \(facts.openFilesMax) files here, and each client is one",
                    remedy: facts.isPlanned
                        ? "ulimit -n 65536   # before aviary up"
                        : "ulimit -n 65536 && " + verb("roll")
                            + "   # servers have it from their start"
                ))
        }
        if facts.isChangeInterrupted {
            findings.append(
                Finding(
                    "change-interrupted", .warning, "a change was interrupted and is not complete",
                    remedy: verb("apply") + "   # goes on; " + verb("apply --abandon")
                        + " gives it up"))
        }
        return findings
    }

    private func canBeAsked(_ server: ServerFacts) -> Bool {
        guard let list = server.settings.fourLetterWords else { return false }
        let words = list.split(separator: ",").map { $0.filter { $0 != " " } }
        return words.contains("*") || ["mntr", "conf"].allSatisfy { words.contains($0) }
    }
}
