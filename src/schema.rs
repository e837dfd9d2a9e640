//! Generated from the migrations by `make schema`; do not edit.

diesel::table! {
    /// Entry of the audit trail: an action on an object. The database writes it in the transaction of the action, and nobody can alter it. Needs the permission `AUDIT_READ`.
    audit_events (clinic_id, occurred_at, id) {
        /// Identifier of the audit event.
        id -> Uuid,
        /// Counts up in the order of writing; transactions that were rolled back leave gaps.
        seq -> Int8,
        /// Time of the action.
        occurred_at -> Timestamptz,
        /// Kind of actor that did it.
        actor_kind -> Text,
        /// User who did it. Null for the server, and if the user is no longer visible to the caller.
        actor_user_id -> Nullable<Uuid>,
        /// Email address of the actor at the time of the action; of a failed sign-in by nobody who is signed in, that of the account that was tried. Null for the server, and if no account was tried.
        actor_email -> Nullable<Text>,
        /// Clinic concerned; the nil UUID for what concerns the platform itself.
        clinic_id -> Uuid,
        /// Patient concerned; null for none.
        patient_id -> Nullable<Uuid>,
        /// Kind of action that was done.
        verb -> Text,
        /// Mutation that did it, or the word job and the kind of the job that did it. Null for other work of the server and for direct access to the database.
        operation -> Nullable<Text>,
        /// Kind of object that was acted on, as in the prefix of its id.
        resource_type -> Text,
        /// Identifier of the row that was changed or viewed.
        resource_id -> Nullable<Uuid>,
        /// Changes of the object, by field.
        changes -> Json,
        /// Network address that the request came from; null for none.
        ip -> Nullable<Inet>,
        /// User agent of the request. Null if there was none.
        user_agent -> Nullable<Text>,
        /// Identifier of the request, or of the job. Null if there was neither.
        request_id -> Nullable<Text>,
        /// Whether the action succeeded; refused attempts are recorded too where they matter.
        success -> Bool,
        /// Reason that the actor gave, or for which the action was refused. Null if there is none.
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Day on which a clinic is closed, whatever its opening hours are.
    clinic_closures (clinic_id, id) {
        /// Identifier of the closure.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Date of the closure in the clinic's time zone.
        date -> Date,
        /// Name of the day, such as "Labour Day". Null if it has none.
        name -> Nullable<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the closure, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Configuration of a clinic. Everybody who belongs to the clinic may read it.
    clinic_configs (clinic_id, id) {
        /// Identifier of the configuration.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Whether the clinic registers new patients.
        accepting_new_patients -> Bool,
        /// Whether patients can join a waitlist.
        waitlist_enabled -> Bool,
        /// Number of new patients that may register in a week. Null for no limit.
        max_new_patients_per_week -> Nullable<Int4>,
        /// Default duration of an appointment in minutes.
        appointment_duration_minutes -> Int4,
        /// Minutes left free after each appointment.
        buffer_minutes -> Int4,
        /// Number of days in advance that patients can book.
        max_advance_booking_days -> Int4,
        /// Shortest notice for a booking in hours.
        min_advance_booking_hours -> Int4,
        /// Shortest notice for a cancellation in hours. Null if patients can cancel until the appointment begins.
        cancellation_window_hours -> Nullable<Int4>,
        /// Whether the chat assistant can book appointments.
        bot_enabled -> Bool,
        /// Provider to book if the patient asks for none. Null for any provider who is free.
        default_provider_id -> Nullable<Uuid>,
        /// Language to begin a call with; one of the supported languages.
        default_language -> Text,
        /// Languages that callers are served in.
        supported_languages -> Array<Text>,
        /// Greetings for callers, at most one per language.
        greetings -> Jsonb,
        /// Phone number that calls are transferred to. Null if calls are not transferred.
        transfer_phone -> Nullable<Text>,
        /// Name of the pharmacy that prescriptions go to. Null if there is none.
        preferred_pharmacy_name -> Nullable<Text>,
        /// Address of the pharmacy. Null if it is not known.
        preferred_pharmacy_address -> Nullable<Text>,
        /// Fax number of the pharmacy. Null if it is not known.
        preferred_pharmacy_fax -> Nullable<Text>,
        /// Name of the privacy officer. Null if nobody is named.
        officer_name -> Nullable<Text>,
        /// Email address of the privacy officer. Null if it is not known.
        officer_email -> Nullable<Text>,
        /// Phone number of the privacy officer. Null if it is not known.
        officer_phone -> Nullable<Text>,
        /// Days that transcripts of calls are retained. Null for the platform's default.
        transcript_retention_days -> Nullable<Int4>,
        /// Days that call logs are retained. Null for the platform's default.
        call_log_retention_days -> Nullable<Int4>,
        /// Years that the audit trail is retained. Null for the platform's default.
        audit_retention_years -> Nullable<Int4>,
        /// Time at which the configuration was created.
        created_at -> Timestamptz,
        /// Time at which the configuration was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the configuration, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Opening hours of a clinic on one day of the week, in the clinic's time zone.
    clinic_hours (clinic_id, id) {
        /// Identifier of the opening hours.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Day of the week.
        day_of_week -> Int2,
        /// Time at which the clinic opens. Null if it is closed all day.
        opens_at -> Nullable<Time>,
        /// Time at which the clinic closes, always before midnight. Null if it is closed all day.
        closes_at -> Nullable<Time>,
        /// Whether the clinic is closed all day.
        is_closed -> Bool,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the opening hours, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Network: a group of clinics that are run together.
    clinic_networks (id) {
        /// Identifier of the network.
        id -> Uuid,
        /// Name of the network.
        name -> Text,
        /// Readable name of the network for use in URLs.
        slug -> Text,
        /// Time at which the network was created.
        created_at -> Timestamptz,
        /// Time at which the network was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the network, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Clinic: the tenant that people, patients and all other data belong to.
    clinics (id) {
        /// Identifier of the clinic.
        id -> Uuid,
        /// Network that the clinic belongs to. Null if it belongs to none.
        network_id -> Nullable<Uuid>,
        /// Name of the clinic.
        name -> Text,
        /// Readable name of the clinic for use in URLs; no two clinics share one.
        slug -> Text,
        /// Description that the clinic gives of itself. Null if there is none.
        description -> Nullable<Text>,
        /// File with the logo of the clinic. Null if it has none.
        logo_file_id -> Nullable<Uuid>,
        /// Phone number of the clinic. Null if it is not known.
        phone -> Nullable<Text>,
        /// Email address of the clinic. Null if it is not known.
        email -> Nullable<Text>,
        /// Website of the clinic. Null if there is none.
        website -> Nullable<Text>,
        /// Street address of the clinic. Null if it is not known.
        address -> Nullable<Text>,
        /// City of the clinic. Null if it is not known.
        city -> Nullable<Text>,
        /// Province, state or county of the clinic. Null if it is not known.
        region -> Nullable<Text>,
        /// Postal code of the clinic. Null if it is not known.
        postal_code -> Nullable<Text>,
        /// Country of the clinic as an ISO 3166-1 alpha-2 code, such as CA. Null if it is not known.
        country -> Nullable<Text>,
        /// Time zone of the clinic; its opening hours and dates are in this zone.
        timezone -> Text,
        /// Language that the clinic works in.
        locale -> Text,
        /// Currency that the clinic charges in.
        currency -> Text,
        /// Status of the clinic.
        status -> Text,
        /// Subscription plan of the clinic.
        subscription_plan -> Text,
        /// Time at which the subscription ends. Null if it does not end.
        subscription_expires_at -> Nullable<Timestamptz>,
        /// Further settings of the clinic as free-form JSON.
        settings -> Jsonb,
        /// Time at which the clinic was created.
        created_at -> Timestamptz,
        /// Time at which the clinic was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the clinic, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Whether somebody without an account has agreed to messages of a clinic on a channel. Needs the permission `NOTIFICATIONS_MANAGE`.
    contact_consents (clinic_id, id) {
        /// Identifier of the consent.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Channel of the messages.
        channel -> Text,
        /// E-mail address, or phone number in E.164 format, that the messages go to.
        address -> Text,
        /// Whether the person has agreed to messages; false if they have refused them.
        is_granted -> Bool,
        /// Way in which the person has decided.
        source -> Text,
        /// Note on the decision, such as the form that was signed. Null if there is none.
        note -> Nullable<Text>,
        /// Time at which the person decided.
        decided_at -> Timestamptz,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the consent, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Export of data into a file. Only the user who requested it and administrators of the platform see it.
    export_jobs (clinic_id, id) {
        /// Identifier of the export.
        id -> Uuid,
        /// Clinic that the export belongs to; the nil UUID for one of an administrator of the platform.
        clinic_id -> Uuid,
        /// User who requested the export. Null if the user is no longer visible to the caller.
        requested_by_user_id -> Uuid,
        /// Kind of the export: the rows that are in its file.
        kind -> Text,
        /// Format of the file.
        format -> Text,
        /// Whether a CSV file begins with a byte order mark, by which some spreadsheets recognise UTF-8.
        has_byte_order_mark -> Bool,
        /// Parameters of the export as JSON: the conditions on its rows, in the spelling of the API.
        parameters -> Jsonb,
        /// Current status of the export.
        status -> Text,
        /// Number of rows that were written so far.
        rows_done -> Int4,
        /// Number of rows that there were when the export started. Null if it is not known.
        rows_total -> Nullable<Int4>,
        /// File with the rows; the mutation `downloadExport` gives its address. Null before the export is completed and after it has expired, and for NDJSON if there are no rows.
        file_id -> Nullable<Uuid>,
        /// Reason why the export failed, at most 1,000 characters. Null if it has not failed.
        error -> Nullable<Text>,
        /// Time at which the export started. Null if it has not started.
        started_at -> Nullable<Timestamptz>,
        /// Time at which the export was completed, failed or was cancelled. Null before that.
        finished_at -> Nullable<Timestamptz>,
        /// Time at which the file is removed. Null if the export has not been completed.
        expires_at -> Nullable<Timestamptz>,
        /// Number of addresses that were given out to download the file.
        downloads -> Int4,
        /// Time at which the last address to download the file was given out. Null if there was none.
        downloaded_at -> Nullable<Timestamptz>,
        /// Time at which the export was requested; rows that were added later are not in it.
        created_at -> Timestamptz,
        /// Time at which the export was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the export, which each change increments.
        version -> Int4,
    }
}

diesel::table! {
    /// Identifier that an object has in another system. Callers who may not read the object do not see it.
    external_references (clinic_id, id) {
        /// Identifier of the reference itself.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Name of the other system, such as `oscar`.
        system -> Text,
        /// Identifier of the object in the other system.
        value -> Text,
        /// Kind of the object that has the identifier: the prefix of its ids here.
        subject_type -> Text,
        /// Object that has the identifier; no foreign key can follow a column that names its table.
        subject_id -> Uuid,
        /// Time at which the reference was added.
        created_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Upload of a file. Only the user who began it and administrators of the platform see it.
    file_uploads (clinic_id, id) {
        /// Identifier of the upload.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// User who uploads the file.
        created_by_user_id -> Uuid,
        /// Name of the file.
        name -> Text,
        /// Purpose of the file.
        purpose -> Text,
        /// Media type that the content must have.
        media_type -> Text,
        /// Size in bytes that the content must have.
        size_bytes -> Int4,
        /// SHA-256 that the content must have.
        sha256 -> Bytea,
        /// Status of the upload.
        status -> Text,
        /// Time until which the content can be sent and the upload can be completed.
        expires_at -> Timestamptz,
        /// File that the upload has become. Null before it is completed.
        file_id -> Nullable<Uuid>,
        /// Name of the object with the content that was received; null before, and once it belongs to the file.
        object_id -> Nullable<Uuid>,
        /// Key of that object, sealed with a key of the ring.
        sealed_key -> Nullable<Bytea>,
        /// Media type of that object, found out from its content.
        stored_media_type -> Nullable<Text>,
        /// Size of that object in bytes; of an image that was written anew it differs from what was agreed.
        stored_size_bytes -> Nullable<Int4>,
        /// SHA-256 of that object.
        stored_sha256 -> Nullable<Bytea>,
        /// Result of the scan of that object for viruses.
        scan_status -> Nullable<Text>,
        /// Time at which the upload was begun.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the upload, which each change increments.
        version -> Int4,
    }
}

diesel::table! {
    /// File that was uploaded to a clinic, or that the server made. Callers who may not read the object that the file is part of do not see it.
    files (clinic_id, id) {
        /// Identifier of the file.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// User who uploaded the file, or for whom the server made it. Null if the user is no longer visible to the caller.
        created_by_user_id -> Uuid,
        /// Name of the file; of one that was uploaded, as it was on the uploader's computer.
        name -> Text,
        /// Purpose of the file.
        purpose -> Text,
        /// Media type of the file, found out from its content, such as `image/png`.
        media_type -> Text,
        /// Size of the file in bytes.
        size_bytes -> Int4,
        /// SHA-256 of the content.
        sha256 -> Bytea,
        /// Name of the stored object; a file that is stored anew has another.
        object_id -> Uuid,
        /// Key of the object, sealed with a key of the ring.
        sealed_key -> Bytea,
        /// Circle of people who see the file.
        visibility -> Text,
        /// Kind of the object that the file is part of: the prefix of its ids; user for a file that is part of nothing.
        subject_type -> Text,
        /// Object that the file is part of; its uploader if it is part of nothing.
        subject_id -> Uuid,
        /// Result of the scan of the file for viruses.
        scan_status -> Text,
        /// Name of what the scan has found; null if it has found nothing.
        finding -> Nullable<Text>,
        /// Whether the file is under legal hold, so that nobody can remove it.
        is_held -> Bool,
        /// Reason of the last change of the legal hold, for the audit trail; null if there was none.
        hold_reason -> Nullable<Text>,
        /// Time at which the file was uploaded.
        created_at -> Timestamptz,
        /// Time at which the file was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the file, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// The first answer to a mutation with an idempotency key, stored in the transaction of the mutation.
    idempotency_keys (user_id, key) {
        /// User who sent the key.
        user_id -> Uuid,
        /// The key as sent, and the position of the field in its operation.
        key -> Text,
        /// SHA-256 of the request.
        request_hash -> Bytea,
        /// The answer, sealed; null only inside the transaction.
        response -> Nullable<Bytea>,
        /// Time after which the key may be used anew.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// Webhook that a service outside has sent to the server. Its content is stored encrypted for 30 days and never returned. Needs the permission `WEBHOOKS_REPLAY`.
    inbound_webhooks (clinic_id, id) {
        /// Identifier of the webhook.
        id -> Uuid,
        /// Clinic of the integration; the nil UUID for one of the platform.
        clinic_id -> Uuid,
        /// Integration that the webhook came in by.
        integration_id -> Uuid,
        /// Kind of the integration that the webhook came in by.
        kind -> Text,
        /// Identifier of the event at the service, or one made of the content: the same event is stored once for an integration.
        event_id -> Text,
        /// Type of the event, as the service spells it. Null if it was not found in the content.
        event_type -> Nullable<Text>,
        /// Headers that say how the body is to be read; none of them is a secret.
        headers -> Jsonb,
        /// Query of the address that it was sent to; null if there was none.
        query -> Nullable<Text>,
        /// Body as it was received, sealed.
        body_enc -> Bytea,
        /// Size of the content in bytes.
        body_bytes -> Int4,
        /// Current status of the webhook.
        status -> Text,
        /// Number of attempts to process the webhook.
        attempts -> Int4,
        /// Error of the last attempt, without anything of the content. Null if there was none.
        error -> Nullable<Text>,
        /// Time at which the webhook came in.
        received_at -> Timestamptz,
        /// Time at which the webhook was processed. Null if it was not.
        processed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Integration with a service outside, of a clinic or of the platform. The settings are in the field of its kind; those of the other kinds are null. Needs the permission `INTEGRATIONS_MANAGE`.
    integrations (clinic_id, id) {
        /// Identifier of the integration.
        id -> Uuid,
        /// Clinic that uses the service; the nil UUID for the platform.
        clinic_id -> Uuid,
        /// Kind of the integration: what the service outside is used for.
        kind -> Text,
        /// Name of the integration, for people.
        name -> Text,
        /// Current status of the integration.
        status -> Text,
        /// Settings for text messages. Null if the integration is of another kind.
        sms -> Nullable<Jsonb>,
        /// Settings for WhatsApp. Null if the integration is of another kind.
        whats_app -> Nullable<Jsonb>,
        /// Settings for OSCAR. Null if the integration is of another kind.
        oscar_emr -> Nullable<Jsonb>,
        /// Settings for Cal.com. Null if the integration is of another kind.
        cal_com -> Nullable<Jsonb>,
        /// Settings for Vapi. Null if the integration is of another kind.
        vapi -> Nullable<Jsonb>,
        /// Settings for Retell. Null if the integration is of another kind.
        retell -> Nullable<Jsonb>,
        /// Settings for Paystack. Null if the integration is of another kind.
        paystack -> Nullable<Jsonb>,
        /// Settings for Stripe. Null if the integration is of another kind.
        stripe -> Nullable<Jsonb>,
        /// Settings for video calls. Null if the integration is of another kind.
        video -> Nullable<Jsonb>,
        /// Settings for a language model. Null if the integration is of another kind.
        language_model -> Nullable<Jsonb>,
        /// Secrets that an integration of this kind can have, without their values.
        secrets -> Jsonb,
        /// The secrets as one sealed object, by their names; null if there are none.
        secrets_enc -> Nullable<Bytea>,
        /// Random part of the webhook address: its token follows from this, the id and the keys of the server, and is not stored.
        webhook_nonce -> Bytea,
        /// Time at which the integration last passed a test. Null if it never did.
        verified_at -> Nullable<Timestamptz>,
        /// Time of the last successful use that the server noted. Null if there was none.
        last_sync_at -> Nullable<Timestamptz>,
        /// Reason why the integration does not work, for people. Null if it works or was never tested.
        last_error -> Nullable<Text>,
        /// Time of the failure in `lastError`. Null if there is none.
        failed_at -> Nullable<Timestamptz>,
        /// Time at which the integration was added.
        created_at -> Timestamptz,
        /// Time at which the integration was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the integration, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Job of the server: work that it does in the background. Needs the permission `JOBS_MANAGE`.
    jobs (clinic_id, id) {
        /// Identifier of the job.
        id -> Uuid,
        /// Clinic that the job works in; the nil UUID for the platform.
        clinic_id -> Uuid,
        /// Kind of the job, which says what it does.
        kind -> Text,
        /// Key of the job: at most one job of a kind with the same key waits in a clinic. Null if it has none.
        key -> Nullable<Text>,
        /// Objects that the job works on, by their identifiers.
        payload -> Jsonb,
        /// Current status of the job.
        status -> Text,
        /// Priority of the job from 0 to 3; the jobs with the lowest number start first.
        priority -> Int4,
        /// Time at which the job starts or started; of a job that failed, the time of its next attempt.
        run_at -> Timestamptz,
        /// Number of attempts that were begun.
        attempts -> Int4,
        /// Number of attempts after which the job is dead.
        max_attempts -> Int4,
        /// Error of the last attempt that failed, at most 1,000 characters. Null if none has failed.
        last_error -> Nullable<Text>,
        /// Time at which the last attempt failed. Null if the job is not dead.
        died_at -> Nullable<Timestamptz>,
        /// Claim of the worker that runs the job; null if none does.
        lease_id -> Nullable<Uuid>,
        /// Time until which the claim holds unless the worker renews it; null if nobody runs the job.
        lease_expires_at -> Nullable<Timestamptz>,
        /// Time at which the job was added.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Membership of a user in a clinic, with the role that the user has there. Needs the permission `MEMBERS_READ`.
    memberships (clinic_id, id) {
        /// Identifier of the membership.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// User who belongs to the clinic.
        user_id -> Uuid,
        /// Role of the user in the clinic, which decides on the permissions.
        role -> Text,
        /// Status of the membership.
        status -> Text,
        /// User who invited the member. Null if the server created the membership.
        invited_by_user_id -> Nullable<Uuid>,
        /// Time at which the membership was created.
        created_at -> Timestamptz,
        /// Time at which the membership was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the membership, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Delivery of a notification outside the application: by e-mail, text message, WhatsApp or push message. Needs the permission `NOTIFICATIONS_MANAGE`; how the platform reaches its own people is seen by administrators alone.
    notification_deliveries (clinic_id, id) {
        /// Identifier of the delivery.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Notification that is delivered.
        notification_id -> Uuid,
        /// User to whom the message is sent. Null for somebody without an account.
        recipient_user_id -> Nullable<Uuid>,
        /// Whether the recipient administers the platform, so that clinics do not see the delivery.
        is_of_platform -> Bool,
        /// Channel of the delivery.
        channel -> Text,
        /// Language of the message.
        language -> Text,
        /// E-mail address or phone number that the message is sent to. Null for push messages, and if the recipient has none.
        address -> Nullable<Text>,
        /// Current status of the delivery.
        status -> Text,
        /// Reason for which the delivery failed or was skipped. Null otherwise.
        reason -> Nullable<Text>,
        /// Answer of the provider to the last attempt that failed. Null if none has failed.
        error -> Nullable<Text>,
        /// Number of attempts so far.
        attempts -> Int4,
        /// Time at which an attempt began whose outcome is not known yet; a message that must not be sent twice is not sent again then.
        attempting_since -> Nullable<Timestamptz>,
        /// Identifier of the message at the provider, by which it reports what became of it.
        provider_message_id -> Nullable<Text>,
        /// Time from which the message is sent: later than the creation if quiet hours have to end first.
        send_at -> Timestamptz,
        /// Time at which the provider accepted the message. Null before.
        sent_at -> Nullable<Timestamptz>,
        /// Time at which the message reached the recipient. Null if that is not known.
        delivered_at -> Nullable<Timestamptz>,
        /// Time at which the recipient read the message. Null if that is not known.
        read_at -> Nullable<Timestamptz>,
        /// Time at which the delivery was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the row; counts up with each change, so that a writer can see whether somebody else came first.
        version -> Int4,
    }
}

diesel::table! {
    /// How a user wants to be notified.
    notification_preferences (user_id) {
        /// User who is notified.
        user_id -> Uuid,
        /// Time of the day in the time zone of the user from which messages that make a sound wait; null for no quiet hours.
        quiet_from -> Nullable<Time>,
        /// Time of the day at which quiet hours end, on the next day if it is before their begin; null for no quiet hours.
        quiet_until -> Nullable<Time>,
        /// Kinds and channels for which the user has chosen something: kind, channel, and whether to use it.
        choices -> Jsonb,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Words of a clinic's own for notifications of a kind, on a channel and in a language. Needs the permission `NOTIFICATIONS_MANAGE`.
    notification_templates (clinic_id, id) {
        /// Identifier of the template.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Kind of the notifications.
        kind -> Text,
        /// Channel of the messages.
        channel -> Text,
        /// Language of the messages.
        language -> Text,
        /// Subject of an e-mail, with placeholders in braces. Null for other channels, and to keep the usual subject.
        subject -> Nullable<Text>,
        /// Text of the message, with placeholders in braces.
        text -> Text,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the template, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
    }
}

diesel::table! {
    /// Message to one user about something that happened. Each user sees only their own, and only those about objects of a type that they may read.
    notifications (clinic_id, id) {
        /// Id of the notification.
        id -> Uuid,
        /// User who is notified; null for somebody without an account.
        recipient_user_id -> Nullable<Uuid>,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Kind of the notification: the event that it informs of.
        kind -> Text,
        /// Title of the notification, at most 300 characters.
        title -> Text,
        /// Text of the notification, at most 200 characters.
        body -> Text,
        /// Path of the page in the dashboard that shows the subject. Null if there is none.
        link_path -> Nullable<Text>,
        /// Kind of the object that the notification is about: the prefix of its ids.
        subject_type -> Text,
        /// Object that the notification is about.
        subject_id -> Uuid,
        /// Cause and recipient: each recipient is notified of a cause once.
        dedupe_key -> Text,
        /// Time at which the notification was read. Null if it is unread.
        read_at -> Nullable<Timestamptz>,
        /// Time at which the notification was archived. Null if it is not archived.
        archived_at -> Nullable<Timestamptz>,
        /// Time at which the notification was created.
        created_at -> Timestamptz,
        /// Values for the placeholders of the texts, by name: text, or a list with one word for each language.
        data -> Jsonb,
        /// Time at which it was decided on which other channels the notification is sent; null before.
        planned_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What happened, written in the transaction of the change by the server's statement, never by a trigger: ids only, no content.
    outbox_events (id, created_at) {
        /// Counts up in the order in which it was drawn; transactions may commit in another.
        id -> Int8,
        /// Clinic concerned; null for the platform.
        clinic_id -> Nullable<Uuid>,
        /// The one user who is notified; null for everybody who may see the subject.
        user_id -> Nullable<Uuid>,
        /// clinic, or platform: the clinic does not even learn that the event exists.
        audience -> Text,
        /// Kind of the subject, as in its id.
        topic -> Text,
        /// Row that the event is about.
        subject_id -> Uuid,
        /// Row that the subject is part of, such as the ticket of a message; null for none.
        parent_id -> Nullable<Uuid>,
        /// What happened to the subject.
        kind -> Text,
        /// Fields that changed, as the API names them.
        changed -> Array<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Provider: a person who treats patients in a clinic. Everybody who belongs to the clinic may see its providers.
    providers (clinic_id, id) {
        /// Identifier of the provider.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Account of the provider. Null if the provider does not sign in.
        user_id -> Nullable<Uuid>,
        /// Title of the provider, such as "Dr.". Null if there is none.
        title -> Nullable<Text>,
        /// Given name of the provider.
        first_name -> Text,
        /// Family name of the provider. Null if there is none.
        last_name -> Nullable<Text>,
        /// Family and given name in lower case, so that lists can be ordered by it.
        sort_name -> Text,
        /// Biography that patients read. Null if there is none.
        bio -> Nullable<Text>,
        /// File with the provider's picture; null for none.
        photo_file_id -> Nullable<Uuid>,
        /// Specialties of the provider, in lower case.
        specialties -> Array<Text>,
        /// Languages that the provider speaks.
        languages -> Array<Text>,
        /// Qualifications of the provider.
        qualifications -> Jsonb,
        /// Licence number of the provider. Null if it is not known.
        license_number -> Nullable<Text>,
        /// National Provider Identifier of the provider (United States). Null if there is none.
        npi -> Nullable<Text>,
        /// Years that the provider has practised. Null if it is not known.
        years_of_experience -> Nullable<Int2>,
        /// Email address of the provider. Null if it is not known.
        email -> Nullable<Text>,
        /// Phone number of the provider. Null if it is not known.
        phone -> Nullable<Text>,
        /// Colour of the provider in calendars, such as `#3B82F6`.
        color -> Text,
        /// Status of the provider.
        status -> Text,
        /// Whether the provider takes new patients.
        accepting_new_patients -> Bool,
        /// Modes in which the provider sees patients.
        consultation_modes -> Array<Text>,
        /// Price of a consultation. Null if there is no fixed fee.
        consultation_fee -> Nullable<Numeric>,
        /// Currency of the amount of money.
        currency -> Text,
        /// Default duration of an appointment with the provider in minutes. Null to use the clinic's default.
        default_duration_minutes -> Nullable<Int4>,
        /// Result of the platform's check of the provider's credentials.
        verification_status -> Text,
        /// Time at which the provider was added.
        created_at -> Timestamptz,
        /// Time at which the provider was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the provider, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Browser in which the caller gets push messages. Each user sees only their own.
    push_subscriptions (id) {
        /// Identifier of the subscription.
        id -> Uuid,
        /// User who gets the messages.
        user_id -> Uuid,
        /// Address at the push service of the browser.
        endpoint -> Text,
        /// Key of the browser by which messages to it are encrypted.
        public_key -> Bytea,
        /// Secret of the browser that goes into the encryption.
        secret -> Bytea,
        /// Time at which the browser was subscribed.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Stored objects whose file or upload was removed, and which a job removes.
    removed_files (clinic_id, id) {
        /// Name of the stored object.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Time at which the file or upload was removed.
        removed_at -> Timestamptz,
    }
}

diesel::table! {
    /// A sign-in: an opaque random token, of which only the hash is stored.
    sessions (id) {
        /// Identifier of the row, a UUIDv7 that the server makes.
        id -> Uuid,
        /// User who signed in.
        user_id -> Uuid,
        /// SHA-256 of the token.
        token_hash -> Bytea,
        /// Clinic that the user acts in; null for administrators and people without a clinic.
        acting_clinic_id -> Nullable<Uuid>,
        /// Time at which the session ends by itself.
        expires_at -> Timestamptz,
        /// Time at which the session was ended early; null while it is valid.
        revoked_at -> Nullable<Timestamptz>,
        /// Time at which the user showed a second factor; null if they did not.
        mfa_at -> Nullable<Timestamptz>,
        /// Network address of the sign-in.
        ip -> Nullable<Inet>,
        /// Program of the sign-in.
        user_agent -> Nullable<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Failed attempts of an account, of a network address, and of an account from a network address, each in a row of its own.
    sign_in_attempts (key) {
        /// Keyed hash of what is counted: account, network address, or both. The database alone does not tell who tried what.
        key -> Bytea,
        /// Attempts that failed or are under way.
        failures -> Int4,
        /// Time until which no further attempt is checked; null for at once.
        waits_until -> Nullable<Timestamptz>,
        /// Time of the last success of an account from a network address; null before the first, and in the other rows.
        succeeded_at -> Nullable<Timestamptz>,
        /// Time after which the row counts for nothing and can be removed.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// Request for help that a clinic opens and the platform answers. Needs the permission `TICKETS_READ`.
    support_tickets (clinic_id, id) {
        /// Identifier of the ticket.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Number of the ticket, for use in conversation.
        number -> Int4,
        /// User who opened the ticket. Null if the user is no longer visible to the caller.
        created_by_user_id -> Uuid,
        /// Administrator who works on the ticket. Null if it is not assigned.
        assignee_id -> Nullable<Uuid>,
        /// Subject of the ticket in one line.
        title -> Text,
        /// Full description of the problem.
        description -> Text,
        /// Urgency of the ticket; sets its due dates.
        priority -> Text,
        /// Priority as a number, so that lists can be ordered by it.
        priority_rank -> Int2,
        /// Current status of the ticket.
        status -> Text,
        /// Time by which a first response is due. Null if none is due.
        first_response_due_at -> Nullable<Timestamptz>,
        /// Time by which the ticket should be resolved. Null if there is no deadline.
        resolution_due_at -> Nullable<Timestamptz>,
        /// Time of the first response from an administrator. Null if there has been none yet.
        first_responded_at -> Nullable<Timestamptz>,
        /// Time at which the ticket was resolved. Null if it is not resolved.
        resolved_at -> Nullable<Timestamptz>,
        /// Time at which the ticket was closed. Null if it is not closed.
        closed_at -> Nullable<Timestamptz>,
        /// Time at which the ticket was opened.
        created_at -> Timestamptz,
        /// Time of the last change or public reply.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the ticket, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which it was noticed that the first response is late. Null if it is not late.
        first_response_missed_at -> Nullable<Timestamptz>,
        /// Time at which it was noticed that the ticket was not resolved in time. Null if that is not so.
        resolution_missed_at -> Nullable<Timestamptz>,
        /// The next deadline that is not met yet, so that lists can be ordered by it; the end of the year 9999 for none.
        due_order -> Timestamptz,
    }
}

diesel::table! {
    /// Message on a ticket. Needs the permission `TICKETS_READ`.
    ticket_messages (clinic_id, id) {
        /// Identifier of the message.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Ticket that the message belongs to.
        ticket_id -> Uuid,
        /// User who wrote the message. Null if the user is no longer visible to the caller.
        author_user_id -> Uuid,
        /// Text of the message.
        body -> Text,
        /// Whether the message is an internal note among administrators, which clinics never see.
        is_internal -> Bool,
        /// Time at which the message was written.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// When a user last signed in; apart from users, which it would change each time.
    user_sign_ins (user_id) {
        /// User who signs in.
        user_id -> Uuid,
        /// Time of the last sign-in; null before the first.
        last_login_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Person with an account. A clinic sees its own people, including those who left, and the names of the platform's administrators.
    users (id) {
        /// Identifier of the user.
        id -> Uuid,
        /// E-mail address that the user signs in with, in lower case.
        email -> Text,
        /// Phone number in E.164 format; null if none is known.
        phone -> Nullable<Text>,
        /// Hash of the password by argon2id; null if the user has no password.
        password_hash -> Nullable<Text>,
        /// Given name of the user.
        first_name -> Text,
        /// Family name of the user. Null if there is none.
        last_name -> Nullable<Text>,
        /// Status of the user's account.
        status -> Text,
        /// Whether the user administers the platform and reaches every clinic.
        is_platform_admin -> Bool,
        /// Clinics that the user belongs or belonged to, for the policy of this table; a trigger on memberships updates it.
        clinic_ids -> Array<Uuid>,
        /// Time at which the user proved that the e-mail address is theirs; null before.
        email_verified_at -> Nullable<Timestamptz>,
        /// Time at which the user proved that the phone number is theirs; null before.
        phone_verified_at -> Nullable<Timestamptz>,
        /// Language that the user prefers.
        locale -> Text,
        /// Time zone of the user. Null to use the clinic's time zone.
        timezone -> Nullable<Text>,
        /// Time at which the account was created.
        created_at -> Timestamptz,
        /// Time at which the account was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the user, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Delivery of an event to a webhook endpoint. Needs the permission `WEBHOOKS_MANAGE`.
    webhook_deliveries (clinic_id, id) {
        /// Identifier of the delivery.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Endpoint that the event is delivered to, which may have been removed since.
        endpoint_id -> Uuid,
        /// Number of the event in the outbox, which orders the events of an object; 0 for a test.
        event_number -> Int8,
        /// Identifier of the event, as subscriptions report it; sent as `webhook-id`. For a test, the identifier of the delivery.
        event_id -> Text,
        /// Cursor of the event, as subscriptions report it. Null for a test.
        cursor -> Nullable<Text>,
        /// Kind of the event, such as `ticket.opened`; `webhook.test` for a test.
        kind -> Text,
        /// Kind of the object that the event happened to: the prefix of its ids.
        subject_type -> Text,
        /// Object that the event happened to.
        subject_id -> Uuid,
        /// The one user whom the event concerns; null for an event of the clinic.
        for_user_id -> Nullable<Uuid>,
        /// Names of all fields of the object that changed; empty for an object that was created.
        changed -> Array<Text>,
        /// Time at which the event happened.
        occurred_at -> Timestamptz,
        /// Current status of the delivery.
        status -> Text,
        /// Reason why the delivery was given up or not made. Null if it was not.
        reason -> Nullable<Text>,
        /// The newest attempts, oldest first.
        attempts -> Jsonb,
        /// Number of attempts that were begun, since the delivery was created or last repeated.
        attempt_count -> Int4,
        /// Time of the next attempt. Null if there is none, or if the delivery waits for earlier events of its object.
        next_attempt_at -> Nullable<Timestamptz>,
        /// Time at which the delivery succeeded or was given up. Null if it is pending.
        finished_at -> Nullable<Timestamptz>,
        /// Time at which the delivery was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Address of a clinic to which its events are sent. Needs the permission `WEBHOOKS_MANAGE`.
    webhook_endpoints (clinic_id, id) {
        /// Identifier of the webhook endpoint.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Person with whose rights events are sent: who last decided what is sent, or where to. Null if the person is no longer visible to the caller.
        owner_user_id -> Uuid,
        /// Address that events are sent to.
        url -> Text,
        /// Description of the webhook endpoint. Null if there is none.
        description -> Nullable<Text>,
        /// Kinds of events that are sent, such as `ticket.opened`. Null for all that happen in the clinic and that the owner may see; events for one person alone, such as notifications, are then left out.
        event_kinds -> Nullable<Array<Text>>,
        /// GraphQL query whose result is sent as `object` with each event. Null if events are sent without it.
        query -> Nullable<Text>,
        /// Current status of the webhook endpoint.
        status -> Text,
        /// Reason why the server has disabled the webhook endpoint. Null if it has not.
        disabled_reason -> Nullable<Text>,
        /// Secret that deliveries are signed with, sealed with a key of the ring.
        secret_enc -> Bytea,
        /// Last four characters of the secret. Null if none is stored or it has fewer than 12 characters.
        secret_last_four -> Nullable<Text>,
        /// Time at which the secret was last set or removed. Null if it never was.
        secret_updated_at -> Timestamptz,
        /// Secret before the last rotation, sealed with a key of the ring; null if there is none.
        previous_secret_enc -> Nullable<Bytea>,
        /// Time until which deliveries are signed with the previous secret too. Null if the secret was never rotated.
        previous_secret_until -> Nullable<Timestamptz>,
        /// Time from which events are sent: that of the creation, or of the last resumption.
        active_since -> Timestamptz,
        /// Time of the first failed attempt since the last success. Null if the last attempt was a success, or there was none.
        failing_since -> Nullable<Timestamptz>,
        /// Number of deliveries that have failed in each attempt since the last success.
        failed_deliveries -> Int4,
        /// Number of events that were not recorded because too many deliveries were waiting.
        dropped_events -> Int4,
        /// Time at which the webhook endpoint was created.
        created_at -> Timestamptz,
        /// Time at which the webhook endpoint was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Version of the webhook endpoint, which each change increments; pass it as `expectedVersion`.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Webhooks for an integration that were refused because their signature was wrong. Needs the permission `INTEGRATIONS_MANAGE`.
    webhook_refusals (clinic_id, id) {
        /// Identifier of the count.
        id -> Uuid,
        /// Clinic of the integration; the nil UUID for one of the platform.
        clinic_id -> Uuid,
        /// Integration whose webhooks were refused.
        integration_id -> Uuid,
        /// Number of webhooks that were refused.
        count -> Int4,
        /// Reason of the last refusal, for people.
        last_reason -> Text,
        /// Time of the last refusal.
        last_at -> Timestamptz,
    }
}

diesel::joinable!(clinic_closures -> clinics (clinic_id));
diesel::joinable!(clinic_configs -> clinics (clinic_id));
diesel::joinable!(clinic_hours -> clinics (clinic_id));
diesel::joinable!(clinics -> clinic_networks (network_id));
diesel::joinable!(contact_consents -> clinics (clinic_id));
diesel::joinable!(export_jobs -> users (requested_by_user_id));
diesel::joinable!(external_references -> clinics (clinic_id));
diesel::joinable!(file_uploads -> clinics (clinic_id));
diesel::joinable!(file_uploads -> users (created_by_user_id));
diesel::joinable!(files -> users (created_by_user_id));
diesel::joinable!(idempotency_keys -> users (user_id));
diesel::joinable!(memberships -> clinics (clinic_id));
diesel::joinable!(notification_preferences -> users (user_id));
diesel::joinable!(notification_templates -> clinics (clinic_id));
diesel::joinable!(providers -> clinics (clinic_id));
diesel::joinable!(providers -> users (user_id));
diesel::joinable!(push_subscriptions -> users (user_id));
diesel::joinable!(sessions -> clinics (acting_clinic_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(support_tickets -> clinics (clinic_id));
diesel::joinable!(ticket_messages -> users (author_user_id));
diesel::joinable!(user_sign_ins -> users (user_id));
diesel::joinable!(webhook_deliveries -> clinics (clinic_id));
diesel::joinable!(webhook_endpoints -> clinics (clinic_id));
diesel::joinable!(webhook_endpoints -> users (owner_user_id));

diesel::allow_tables_to_appear_in_same_query!(clinics, memberships, sessions, users);
