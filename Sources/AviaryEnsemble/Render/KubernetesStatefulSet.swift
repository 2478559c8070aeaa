/// The stateful set of an ensemble: the pods, how they are probed, and what they write to.
struct KubernetesStatefulSet {
    var name: String
    var labels: String
    var image: String
    var count: Int
    /// The words of ZOO_SERVERS, a line each.
    var members: String
    /// Further variables, a line each.
    var environment: String
    /// Those of every pod.
    var ports: Ports
    /// Where the files of a secret are to be, and their names in it.
    var files: [(path: String, name: String)]

    private var furtherPorts: String {
        [("client-tls", ports.secureClient), ("metrics", ports.metrics)].map { name, port in
            port.map { "            - {name: \(name), containerPort: \($0)}\n" } ?? ""
        }.joined()
    }

    /// Each file by itself: the folder may hold others of the image.
    private var mounts: String {
        files.map { file in
            "            - {name: tls, mountPath: \(RenderText.quoted(file.path)), "
                + "subPath: \(RenderText.quoted(file.name)), readOnly: true}\n"
        }.joined()
    }

    private var volume: String {
        files.isEmpty ? "" : "        - {name: tls, secret: {secretName: \(name)-tls}}\n"
    }

    var text: String {
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: \(name)
          labels: \(labels)
        spec:
          serviceName: \(name)-servers
          replicas: \(count)
          # All at once: none is ready before there is a quorum.
          podManagementPolicy: Parallel
          selector:
            matchLabels: \(labels)
          template:
            metadata:
              labels: \(labels)
            spec:
              terminationGracePeriodSeconds: 30
              automountServiceAccountToken: false
              securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
              affinity:
                podAntiAffinity:
                  preferredDuringSchedulingIgnoredDuringExecution:
                    - weight: 100
                      podAffinityTerm:
                        topologyKey: kubernetes.io/hostname
                        labelSelector: {matchLabels: \(labels)}
              containers:
                - name: server
                  image: \(RenderText.quoted(image))
                  ports:
                    - {name: client, containerPort: 2181}
                    - {name: quorum, containerPort: 2888}
                    - {name: election, containerPort: 3888}
        \(furtherPorts)          env:
                    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                    - name: ZOO_SERVERS
                      value: >-
        \(members)            # A pod that is not in the list joins without a vote, until the job makes a member of it.
                    - {name: AVIARY_JOIN, value: "$(POD_NAME).\(name)-servers:2888:3888;2181"}
                    - {name: ZOO_CFG_reconfigEnabled, value: "true"}
                    - {name: ZOO_STANDALONE_ENABLED, value: "false"}
                    - name: ZOO_CFG_DigestAuthenticationProvider_superDigest
                      valueFrom: {secretKeyRef: {name: \(name)-operator, key: digest}}
                    - {name: ZOO_DATA_LOG_DIR, value: /data}
        \(environment)          # Alive: it makes progress, with or without a quorum. Ready: in a quorum, and in step.
                  livenessProbe:
                    exec: {command: [aviary, health, --live]}
                    initialDelaySeconds: 10
                    periodSeconds: 10
                    timeoutSeconds: 5
                    failureThreshold: 6
                  readinessProbe:
                    exec: {command: [aviary, health, --ready]}
                    periodSeconds: 5
                    timeoutSeconds: 5
                  securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
                  volumeMounts:
                    - {name: data, mountPath: /data}
                    - {name: conf, mountPath: /conf}
        \(mounts)      volumes:
                - {name: conf, emptyDir: {}}
        \(volume)  volumeClaimTemplates:
            - metadata:
                name: data
              spec:
                accessModes: [ReadWriteOnce]
                resources: {requests: {storage: 10Gi}}

        """
    }
}
