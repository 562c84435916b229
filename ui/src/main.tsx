import "@mantine/core/styles.css";
import "./styles.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api";
import { Gate } from "./pages/Gate";
import { Stumble } from "./parts/Stumble";
import { WordsProvider } from "./words";

const theme = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "md",
  respectReducedMotion: true,
});

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal does not change by asking again; a server that is away may come back.
      retry: (failures, error) => !(error instanceof Problem && error.status > 0) && failures < 3,
      staleTime: 10_000,
    },
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element #root.");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <WordsProvider>
        <QueryClientProvider client={client}>
          <Stumble>
            <Gate />
          </Stumble>
        </QueryClientProvider>
      </WordsProvider>
    </MantineProvider>
  </StrictMode>,
);
