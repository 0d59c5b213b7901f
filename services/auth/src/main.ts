import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { mailOptionsOf } from "@medconnect/platform/mail/mail-settings.ts";
import { startProcess } from "@medconnect/platform/service/lifecycle.ts";
import { runService } from "@medconnect/platform/service/service.ts";
import { ActorServiceService } from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { BreakGlassServiceService } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { MailServiceService } from "@medconnect/proto/medconnect/auth/v1/mail_service.ts";
import { ServiceAccountServiceService } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { topologyOf } from "@medconnect/topology/topology.ts";
import { batchGetActors } from "./access-log/batch-get-actors.ts";
import { getMe } from "./accounts/get-me.ts";
import { updateMe } from "./accounts/update-me.ts";
import { disableUser, enableUser } from "./admin/change-status.ts";
import { getUser } from "./admin/get-user.ts";
import { getUserStats } from "./admin/get-user-stats.ts";
import { listUsers } from "./admin/list-users.ts";
import { resetMfa } from "./admin/reset-mfa.ts";
import { type Auth, buildAuth } from "./app.ts";
import { createBreakGlassGrant } from "./break-glass/create-grant.ts";
import { getBreakGlassGrant, listBreakGlassGrants } from "./break-glass/read-grants.ts";
import { revokeBreakGlassGrant } from "./break-glass/revoke-grant.ts";
import { consumersOf } from "./consumers.ts";
import { EVENT_ROUTES } from "./event-routes.ts";
import { jobsOf } from "./jobs.ts";
import { getJwks } from "./keys/get-jwks.ts";
import { login } from "./login/login.ts";
import { listDeadMails } from "./mail/list-dead-mails.ts";
import { retryDeadMail } from "./mail/retry-dead-mail.ts";
import { activateTotp } from "./mfa/activate-totp.ts";
import { disableTotp } from "./mfa/disable-totp.ts";
import { regenerateRecoveryCodes } from "./mfa/regenerate-recovery-codes.ts";
import { setUpTotp } from "./mfa/set-up-totp.ts";
import { verifyMfa } from "./mfa/verify-mfa.ts";
import { changePassword } from "./passwords/change-password.ts";
import { forgotPassword } from "./passwords/forgot-password.ts";
import { resetPassword } from "./passwords/reset-password.ts";
import { register } from "./registration/register.ts";
import { verifyEmail } from "./registration/verify-email.ts";
import { listRevocations } from "./revocations/list-revocations.ts";
import { listRevocations as liveRevocations } from "./revocations/revocation-store.ts";
import {
  disableServiceAccount,
  enableServiceAccount,
} from "./service-accounts/change-service-account-status.ts";
import { createServiceAccount } from "./service-accounts/create-service-account.ts";
import { issueToken } from "./service-accounts/issue-token.ts";
import { getServiceAccount, listServiceAccounts } from "./service-accounts/read-service-accounts.ts";
import { rotateServiceAccountSecret } from "./service-accounts/rotate-secret.ts";
import { setServiceAccountKeys } from "./service-accounts/set-keys.ts";
import { deleteSession } from "./sessions/delete-session.ts";
import { listSessions } from "./sessions/list-sessions.ts";
import { logout } from "./sessions/logout.ts";
import { refreshToken } from "./sessions/refresh-token.ts";
import { authSettings } from "./settings.ts";

startProcess("auth", async () => {
  const config = loadConfig({ ...serviceSettings, ...addressSettings, ...authSettings });
  const mail = mailOptionsOf(config);

  await runService({
    name: "auth",
    config,
    topology: topologyOf(config),
    routes: EVENT_ROUTES,
    build: async (platform) => {
      const app: Auth = await buildAuth(platform, config, mail);
      return {
        serve: (server) => {
          server.serve(AuthServiceService, app, {
            register,
            verifyEmail,
            forgotPassword,
            resetPassword,
            login,
            verifyMfa,
            refreshToken,
            logout,
            setUpTotp,
            activateTotp,
            regenerateRecoveryCodes,
            disableTotp,
          });
          server.serve(UserServiceService, app, {
            getMe,
            updateMe,
            changePassword,
            listSessions,
            deleteSession,
            listUsers,
            getUser,
            disableUser,
            enableUser,
            resetMfa,
            getUserStats,
          });
          server.serve(ActorServiceService, app, { batchGetActors });
          server.serve(BreakGlassServiceService, app, {
            createBreakGlassGrant,
            getBreakGlassGrant,
            listBreakGlassGrants,
            revokeBreakGlassGrant,
          });
          server.serve(ServiceAccountServiceService, app, {
            createServiceAccount,
            listServiceAccounts,
            getServiceAccount,
            rotateServiceAccountSecret,
            disableServiceAccount,
            enableServiceAccount,
            setServiceAccountKeys,
            issueToken,
          });
          server.serve(MailServiceService, app, { listDeadMails, retryDeadMail });
          server.serve(KeyServiceService, app, {
            getJwks,
            listRevocations,
          });
        },
        consumes: consumersOf(app),
        jobs: jobsOf(app),
        // Auth reads the keys and revocations from its own database. Other services fetch them from auth.
        tokenIssuer: {
          fetchJwks: async () => await getJwks(app, {}),
          fetchRevocations: () => liveRevocations(app.db, app.clock.now()),
          close: () => {},
        },
      };
    },
  });
});
