import { Center, Container, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, Problem } from "../api";
import { Trouble } from "../parts/Trouble";
import { House } from "./House";
import { Login } from "./Login";
import { Setup } from "./Setup";

/** Lets in who is logged in; asks the others to log in, or the first one to create the administrator. */
export function Gate() {
  const me = useQuery({ queryKey: ["me"], queryFn: api.me, staleTime: Number.POSITIVE_INFINITY });
  const outside = me.error instanceof Problem && me.error.status === 401;
  const setup = useQuery({ queryKey: ["setup"], queryFn: api.setup, enabled: outside });

  if (me.data && !outside) return <House me={me.data} />;
  if (outside && setup.data) return setup.data.needed ? <Setup setup={setup.data} /> : <Login />;
  const error = setup.error ?? (outside ? null : me.error);
  if (!error) {
    return (
      <Center mih="60vh">
        <Loader aria-label="Ostler" />
      </Center>
    );
  }
  return (
    <Container size="sm" py="xl">
      <Trouble error={error} onRetry={() => void (setup.error ? setup : me).refetch()} />
    </Container>
  );
}
